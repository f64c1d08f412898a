import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appender, appendLoad } from "./append-load.ts";
import { type Acknowledged, load } from "./load.ts";
import { type NextHop, openNextHop } from "./next-hop.ts";
import { localDomain, type NumberedMessage, numberedMessage, type Size } from "./numbered-message.ts";
import { type Ports, startProcess } from "./server-process.ts";
import { parseTrace, type SystemCall, traceOptions } from "./system-calls.ts";

/** What is sent to one server process before it is told to end. */
export type Stretch = {
  readonly messages: number;
  readonly sessions: number;
  readonly size?: Size;
  /** By SMTP when it is not said. */
  readonly by?: "APPEND";
};

/** An acknowledged message with the call that wrote its 250 or OK. */
export type Reply = { readonly message: Acknowledged; readonly given: NumberedMessage; readonly written: SystemCall };

/** All that server processes did to one folder, one process after the other. */
export type Recording = {
  /** What was recorded; removed by `remove`. */
  readonly folder: string;
  /** In the order in which they returned. */
  readonly calls: readonly SystemCall[];
  /** In the order in which they were written. */
  readonly replies: readonly Reply[];
  /** Everything that was sent, acknowledged or not. */
  readonly given: ReadonlyMap<number, NumberedMessage>;
  readonly nextHop: Pick<NextHop, "taken" | "takenAt" | "changed">;
  remove(): Promise<void>;
};

/** Runs servers on one folder, each under `strace` and with a load of numbered messages, each ended in peace. */
export async function record(
  strace: readonly string[],
  processes: readonly (readonly Stretch[])[],
): Promise<Recording> {
  // As the kernel calls it: the trace has no symbolic links.
  const above = await realpath(await mkdtemp(join(tmpdir(), "gatepost-recording-")));
  const folder = join(above, "served");
  await mkdir(folder);
  const nextHop = await openNextHop();
  try {
    const given = new Map<number, NumberedMessage>();
    const acknowledged: Acknowledged[] = [];
    const drive = async ({ port, imapPort }: Ports, stretches: readonly Stretch[]): Promise<void> => {
      for (const { messages, sessions, size, by } of stretches) {
        const last = given.size + messages;
        const take = () => {
          if (given.size === last) return null;
          const numbered = numberedMessage(given.size + 1, size);
          const message = by === "APPEND" ? { ...numbered, recipients: [`${appender}@${localDomain}`] } : numbered;
          given.set(message.number, message);
          return message;
        };
        const each = { sessions, take, acknowledged: (message: Acknowledged) => void acknowledged.push(message) };
        if (by === "APPEND") await appendLoad({ port: imapPort, ...each });
        else await load({ port, ...each });
      }
    };
    const calls = await trace(
      strace,
      { above, folder, nextHop: nextHop.port },
      processes.map((stretches) => (ports: Ports) => drive(ports, stretches)),
    );
    const replies = repliesIn(calls, acknowledged).map((reply) => ({
      ...reply,
      given: given.get(reply.message.number) ?? assert.fail(),
    }));
    return { folder, calls, replies, given, nextHop, remove: () => rm(above, { recursive: true }) };
  } catch (error) {
    await rm(above, { recursive: true });
    throw error;
  } finally {
    await nextHop.close();
  }
}

/** Runs one server after the other on `folder`, each under `strace` and driven by one of the functions, each ended in peace. */
export async function trace(
  strace: readonly string[],
  where: { readonly above: string; readonly folder: string; readonly nextHop: number },
  drives: readonly ((ports: Ports) => Promise<void>)[],
): Promise<SystemCall[]> {
  const calls: SystemCall[] = [];
  for (const [index, drive] of drives.entries()) {
    const file = join(where.above, `trace-${index}`);
    const server = startProcess({ ...where, under: [...strace, ...traceOptions, "-o", file, "--"] });
    await drive((await server.ready) ?? assert.fail("the server did not start"));
    server.kill("SIGTERM");
    assert.equal(await server.ended, 0);
    assert.deepEqual(server.trouble, []);
    calls.push(...parseTrace(await readFile(file, "latin1"), calls.at(-1)?.ended));
  }
  return calls;
}

/** Finds the call that wrote a line to a socket. */
export function writerOf(calls: readonly SystemCall[]): (line: string) => SystemCall {
  const written = calls.filter(({ file }) => file?.startsWith("socket:") ?? false);
  const texts = written.map((call) => (call.size < 4_096 ? Buffer.concat(call.strings).toString("latin1") : ""));
  return (line) => {
    const index = texts.findIndex((text) => text.includes(`${line}\r\n`));
    return written[index] ?? assert.fail(`nothing wrote ${line}`);
  };
}

function repliesIn(calls: readonly SystemCall[], acknowledged: readonly Acknowledged[]): Omit<Reply, "given">[] {
  const writer = writerOf(calls);
  return acknowledged
    .map((message) => ({ message, written: writer(message.reply) }))
    .toSorted((one, other) => one.written.began - other.written.began);
}
