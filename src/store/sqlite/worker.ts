import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { nextEpoch } from "../epoch.ts";
import { Engine } from "./engine.ts";
import { type FromWorker, type ToWorker, unpack } from "./messages.ts";

/** The thread that owns the database: commits, reads between commits, checkpoints when nobody waits or the log is long. */

const { path } = workerData as { readonly path: string };
const port = parentPort;
if (port === null) throw new Error("runs as a worker only");
const say = (message: FromWorker) => port.postMessage(message);

const longLog = 32 * 1024 * 1024;
const looksEvery = 64;

const texts: string[] = [];
let batches = 0;

function open(): Engine | null {
  try {
    const engine = new Engine(path);
    say({ say: "open", epoch: nextEpoch(engine) });
    return engine;
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    say({ say: "not-open", name, error: message });
    return null;
  }
}

const engine = open();
if (engine !== null) port.on("message", (message: ToWorker) => answer(engine, message));

function answer(database: Engine, message: ToWorker): void {
  switch (message.do) {
    case "commit": {
      texts.push(...message.texts);
      const results = database.commit(message.units.map((packed) => unpack(packed, texts)));
      const isPlain = results.every((result) => "returned" in result && result.returned.length === 0);
      say({ say: "committed", results: isPlain ? null : results });
      if (++batches % looksEvery === 0 && logSize() > longLog) database.checkpoint();
      return;
    }
    case "read":
      try {
        say({ say: "rows", id: message.id, rows: database.read(message) });
      } catch (error) {
        say({ say: "unread", id: message.id, error: error instanceof Error ? error.message : String(error) });
      }
      return;
    case "close":
      database.checkpoint();
      database.close();
      say({ say: "closed" });
      port?.close();
      return;
    default:
      message satisfies never;
  }
}

function logSize(): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
