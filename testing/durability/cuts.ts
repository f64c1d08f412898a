import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/time/system-clock.ts";
import { openCertificates } from "../../src/tls/certificates.ts";
import { assertKept, readDataFolder } from "./data-folder.ts";
import { DiskModel, type Leaves } from "./disk-model.ts";
import type { Acknowledged } from "./load.ts";
import { dataFolder } from "./numbered-message.ts";
import type { Recording } from "./recording.ts";
import { startProcess } from "./server-process.ts";
import { isSync, type SystemCall } from "./system-calls.ts";

/** A moment at which the power fails: a sync is about to return, and nothing since the syncs before it lasts for certain. */
export type Cut = {
  readonly disk: DiskModel;
  /** The sync; `null`: after the end of the last process. */
  readonly during: SystemCall | null;
  /** Whose 250 or OK was on its way by then. */
  readonly acknowledged: readonly Acknowledged[];
  readonly given: Recording["given"];
  /** Seconds since 1970. */
  readonly at: number;
};

/** Every cut of a recording. The disk of each is good until the next is asked for. */
export function* cutsOf({
  folder,
  calls,
  replies,
  given,
}: Pick<Recording, "folder" | "calls" | "replies" | "given">): Generator<Cut> {
  const disk = new DiskModel(folder);
  let acknowledged = 0;
  let at = 0;
  const cut = (during: SystemCall | null): Cut => {
    while (replies[acknowledged] !== undefined && replies[acknowledged]!.written.began < (during?.ended ?? Infinity)) {
      acknowledged++;
    }
    return { disk, during, acknowledged: replies.slice(0, acknowledged).map(({ message }) => message), given, at };
  };
  for (const call of calls) {
    at = Math.max(at, call.at);
    if (isSync(call) && (call.file?.startsWith(folder) ?? false)) yield cut(call);
    disk.apply(call);
  }
  yield cut(null);
}

/** Opens what a cut left, as a start does, and compares it with what was promised. */
export async function assertSurvives(cut: Cut, { leaves, takenAt }: Left): Promise<void> {
  await inRestored(cut, leaves, async (above) => {
    const folder = join(above, dataFolder);
    // Cut off before there was one.
    await mkdir(folder, { recursive: true });
    const options = { files: null, folder, hostname: "mx.example.test", clock: systemClock, emit: () => {} };
    (await openCertificates(options)).close();
    await assertPromised(folder, cut, takenAt);
  });
}

/** Starts a whole server on what a cut left, lets it end in peace, and compares what is there then. */
export async function assertStarts(cut: Cut, { leaves, takenAt }: Left): Promise<void> {
  await inRestored(cut, leaves, async (above) => {
    const server = startProcess({ folder: above, nextHop: 1 });
    try {
      assert.ok((await server.ready) !== null, "a server starts on it");
      server.kill("SIGTERM");
      assert.equal(await server.ended, 0);
      assert.deepEqual(server.trouble, []);
    } finally {
      server.kill("SIGKILL");
    }
    await assertPromised(join(above, dataFolder), cut, takenAt);
  });
}

export type Left = {
  readonly leaves: Leaves;
  /** When the next hop took each recipient. */
  readonly takenAt: ReadonlyMap<string, number>;
};

export async function inRestored(
  { disk }: Pick<Cut, "disk">,
  leaves: Leaves,
  look: (above: string) => Promise<void>,
): Promise<void> {
  const above = await mkdtemp(join(tmpdir(), "gatepost-cut-"));
  try {
    disk.restore(above, leaves);
    await look(above);
  } finally {
    await rm(above, { recursive: true });
  }
}

async function assertPromised(
  folder: string,
  { acknowledged, given, at }: Cut,
  takenAt: Left["takenAt"],
): Promise<void> {
  const isTaken = (recipient: string) => (takenAt.get(recipient) ?? Infinity) <= at;
  const recipientsOf = (number: number) => given.get(number)?.recipients ?? assert.fail(`message ${number}`);
  assertKept(await readDataFolder(folder), { acknowledged, isTaken, recipientsOf });
}
