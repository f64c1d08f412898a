import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { Checkpoints } from "./checkpoints.ts";
import { Engine } from "./engine.ts";
import type { FromThread, ThreadData, ToThread } from "./messages.ts";
import { openDatabase, openForReading } from "./open-database.ts";
import { buffersOf, type Outcomes } from "./outcome.ts";
import type { Packed } from "./packed.ts";
import { Statements } from "./statements.ts";

/** A thread of the database, as the writer or as the reader. What it throws ends it, and the main thread hears of that. */

type Work = { run(batch: Packed): Outcomes; afterAnswer(batch: Packed): void; close(): void };

const { role, path } = workerData as ThreadData;
const port = parentPort;
if (port === null) throw new Error("runs as a thread only");
const say = (message: FromThread, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);

try {
  const work = role === "writer" ? await openWriter() : openReader();
  port.on("message", (message: ToThread) => act(work, message));
  say({ say: "open" });
} catch (error) {
  say({ say: "not-open", problem: error instanceof Error ? error.message : String(error) });
}

function act(work: Work, message: ToThread): void {
  switch (message.do) {
    case "run":
      answer(work.run(message.batch));
      work.afterAnswer(message.batch);
      return;
    case "close":
      work.close();
      port?.close();
      return;
    default:
      message satisfies never;
  }
}

function answer(outcomes: Outcomes): void {
  say({ say: "done", outcomes }, buffersOf(outcomes));
}

async function openWriter(): Promise<Work> {
  const database = await openDatabase(path);
  const engine = new Engine(database);
  const checkpoints = new Checkpoints(database);
  return {
    run: (batch) => engine.commit(batch),
    afterAnswer: ({ bytes }) => checkpoints.afterBatch(bytes.length),
    close() {
      checkpoints.last();
      database.close();
    },
  };
}

/** Opens at the first read: by then the writer has made the database, however long that took it. */
function openReader(): Work {
  let reading: { readonly database: DatabaseSync; readonly statements: Statements } | null = null;
  const open = () => {
    const database = openForReading(path);
    return { database, statements: new Statements(database) };
  };
  return {
    run: (batch) => (reading ??= open()).statements.readEach(batch),
    afterAnswer: () => {},
    close: () => reading?.database.close(),
  };
}
