import { join } from "node:path";
import { countDecisions } from "../src/store/journal-desk.ts";
import { openSqlite } from "../src/store/sqlite/driver.ts";
import type { Amount, Outcome } from "./job.ts";
import { LoadProcess, type ServerName, ServerProcess, type ServerSettings } from "./processes.ts";

/** What is measured, cell by cell: each cell has a server of its own on an empty folder. */

export type BenchOptions = {
  readonly seconds: number;
  readonly sessions: readonly number[];
  /** Of suite `idle`. */
  readonly connections: number;
  /** Of suite `depth`. */
  readonly queued: number;
  readonly tls: { readonly key: string; readonly certificate: string };
};

/** Figures of one server in one cell. What does not apply is not there. */
export type Sample = {
  readonly perSecond?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Of the server, for a thousand. */
  readonly cpuMs?: number;
  readonly openMs?: number;
  readonly kbEach?: number;
  readonly startMs?: number;
  readonly startCpuMs?: number;
  readonly perSecondBefore?: number;
  readonly residentMb?: number;
  /** What went wrong: a figure beside it says little. */
  readonly failed?: number;
  /** Replies that are not in the journal; 0 is right. */
  readonly notJournalled?: number;
};

export type Cell = {
  readonly suite: Suite;
  readonly title: string;
  readonly measure: (name: ServerName, folder: string) => Promise<Sample>;
};

export const suites = ["accept", "relay", "refuse", "idle", "depth"] as const;
export type Suite = (typeof suites)[number];

export function cellsOf(suite: Suite, options: BenchOptions): readonly Cell[] {
  switch (suite) {
    case "accept":
      return [1024, 10_240].flatMap((octets) =>
        options.sessions.flatMap((sessions) =>
          [true, false].map((isKept) => sendCell({ suite, options, octets, sessions, isKept })),
        ),
      );
    case "relay":
      return [true, false].map((isKept) =>
        sendCell({ suite, options, octets: 1024, sessions: options.sessions[0] ?? 10, isKept }),
      );
    case "refuse":
      return [
        refuseCell(options, { recipients: 1, isDistinct: false }),
        refuseCell(options, { recipients: 40, isDistinct: false }),
        refuseCell(options, { recipients: 1, isDistinct: true }),
        refuseCell(options, { recipients: 40, isDistinct: true }),
      ];
    case "idle":
      return [false, true].map((isTls) => idleCell(options, isTls));
    case "depth":
      return [depthCell(options)];
    default:
      return suite satisfies never;
  }
}

type Sending = {
  readonly suite: "accept" | "relay";
  readonly options: BenchOptions;
  readonly octets: number;
  readonly sessions: number;
  readonly isKept: boolean;
};

function sendCell({ suite, options, octets, sessions, isKept }: Sending): Cell {
  const title = `${octets / 1024} KiB, ${sessions} sessions, ${isKept ? "kept" : "a connection each"}`;
  const mode = suite === "relay" ? "relay" : "queue";
  const toSink = suite === "relay";
  return {
    suite,
    title,
    measure: (name, folder) =>
      withServer({ name, folder, mode, connections: sessions }, async ({ load, server }) => {
        const job = { kind: "send", port: server.port, sessions, octets, isKept, toSink } as const;
        await load.do({ ...job, amount: warmUp(options) });
        return rated(server, () => load.do({ ...job, amount: { seconds: options.seconds, most: 1e9 } }));
      }),
  };
}

function refuseCell(
  { seconds, sessions: [sessions = 10] }: BenchOptions,
  { recipients, isDistinct }: { readonly recipients: number; readonly isDistinct: boolean },
): Cell {
  return {
    suite: "refuse",
    title: `${recipients} a connection, ${sessions} sessions${isDistinct ? ", all distinct" : ""}`,
    async measure(name, folder) {
      let replies = 0;
      const sample = await withServer({ name, folder, mode: "policy", connections: sessions }, async (parts) => {
        const { load, server } = parts;
        const job = { kind: "ask", port: server.port, sessions, recipients, isDistinct } as const;
        replies += (await load.do({ ...job, amount: warmUp({ seconds }) })).done;
        return rated(server, async () => {
          const outcome = await load.do({ ...job, amount: { seconds, most: 1e9 } });
          replies += outcome.done;
          return outcome;
        });
      });
      return name === "ours" ? { ...sample, notJournalled: replies - (await journalled(folder)) } : sample;
    },
  };
}

function idleCell({ connections, tls }: BenchOptions, isTls: boolean): Cell {
  return {
    suite: "idle",
    title: `${connections} connections${isTls ? " after STARTTLS" : ""}`,
    measure: (name, folder) =>
      withServer({ name, folder, mode: "queue", connections, tls }, async ({ load, server }) => {
        // A first one makes what all share.
        await load.do({ kind: "hold", port: server.port, connections: 1, isTls });
        const before = await server.read();
        const { done, failed, seconds } = await load.do({ kind: "hold", port: server.port, connections, isTls });
        const after = await server.read();
        return {
          openMs: seconds * 1000,
          kbEach: (after.residentKb - before.residentKb) / Math.max(1, done),
          cpuMs: ((after.cpuMs - before.cpuMs) / Math.max(1, done)) * 1000,
          residentMb: after.residentKb / 1024,
          failed,
        };
      }),
  };
}

/** The rate with an empty queue, then with a full one after a new start; both as warm as the other. */
function depthCell({ queued, seconds }: BenchOptions): Cell {
  const sessions = 10;
  const job = { kind: "send", sessions, octets: 1024, isKept: true, toSink: false } as const;
  return {
    suite: "depth",
    title: `${queued} queued, then started again`,
    async measure(name, folder) {
      const settings = { name, folder, mode: "queue", connections: 50 } as const;
      const perSecondBefore = await withServer(settings, async ({ load, server: { port } }) => {
        await load.do({ ...job, port, amount: warmUp({ seconds }) });
        const { done, seconds: took } = await load.do({ ...job, port, amount: { seconds, most: queued } });
        await load.do({ ...job, port, sessions: 50, amount: { seconds: 600, most: Math.max(1, queued - done) } });
        return done / took;
      });
      return withServer(settings, async ({ load, server }) => {
        const { startMs, port } = server;
        const { cpuMs: startCpuMs } = await server.read();
        await load.do({ ...job, port, amount: warmUp({ seconds }) });
        const { done, failed, seconds: took } = await load.do({ ...job, port, amount: { seconds, most: 1e9 } });
        const { residentKb } = await server.read();
        return { startMs, startCpuMs, perSecondBefore, perSecond: done / took, residentMb: residentKb / 1024, failed };
      });
    },
  };
}

/** What is compiled and allocated at first is not what a message costs. */
function warmUp({ seconds }: Pick<BenchOptions, "seconds">): Amount {
  return { seconds: Math.min(1, seconds / 3), most: 1e9 };
}

async function rated(server: ServerProcess, work: () => Promise<Outcome>): Promise<Sample> {
  const before = await server.read();
  const { done, failed, seconds, p50Ms, p99Ms } = await work();
  const { cpuMs, residentKb } = await server.read();
  return {
    perSecond: done / seconds,
    p50Ms,
    p99Ms,
    cpuMs: ((cpuMs - before.cpuMs) / Math.max(1, done)) * 1000,
    residentMb: residentKb / 1024,
    failed,
  };
}

type Parts = { readonly load: LoadProcess; readonly server: ServerProcess };

async function withServer<Result>(
  settings: Omit<ServerSettings, "sinkPort">,
  work: (parts: Parts) => Promise<Result>,
): Promise<Result> {
  const load = await LoadProcess.start();
  try {
    const server = await ServerProcess.start({ ...settings, sinkPort: load.sinkPort });
    try {
      return await work({ load, server });
    } finally {
      await load.stop();
      await server.stop();
    }
  } finally {
    await load.stop();
  }
}

/** Decisions that the journal of an ended server holds, folded ones with their count. */
async function journalled(folder: string): Promise<number> {
  const store = await openSqlite({
    folder: join(folder, "data"),
    onFatal(problem) {
      throw new Error(problem);
    },
  });
  try {
    return (await countDecisions(store)).decisions;
  } finally {
    await store.close();
  }
}
