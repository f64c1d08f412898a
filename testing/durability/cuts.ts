import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/time/system-clock.ts";
import { openCertificates } from "../../src/tls/certificates.ts";
import { assertKept, readDataFolder } from "./data-folder.ts";
import { DiskModel, type Leaves } from "./disk-model.ts";
import type { Acknowledged } from "./load.ts";
import type { Recording } from "./recording.ts";
import { isSync, type SystemCall } from "./system-calls.ts";

/** A moment at which the power fails: a sync is about to return, and nothing since the syncs before it lasts for certain. */
export type Cut = {
  readonly disk: DiskModel;
  /** The sync; `null`: after the end of the last process. */
  readonly during: SystemCall | null;
  /** Whose 250 was on its way by then. */
  readonly acknowledged: readonly Acknowledged[];
  /** Seconds since 1970. */
  readonly at: number;
};

/** Every cut of a recording. The disk of each is good until the next is asked for. */
export function* cutsOf({ folder, calls, replies }: Recording): Generator<Cut> {
  const disk = new DiskModel(folder);
  let acknowledged = 0;
  let at = 0;
  const cut = (during: SystemCall | null): Cut => {
    while (replies[acknowledged] !== undefined && replies[acknowledged]!.written.began < (during?.ended ?? Infinity)) {
      acknowledged++;
    }
    return { disk, during, acknowledged: replies.slice(0, acknowledged).map(({ message }) => message), at };
  };
  for (const call of calls) {
    at = Math.max(at, call.at);
    if (isSync(call) && (call.file?.startsWith(folder) ?? false)) yield cut(call);
    disk.apply(call);
  }
  yield cut(null);
}

/** Opens what a cut left, as a start does, and compares it with what was promised. */
export async function assertSurvives(cut: Cut, leaves: Leaves, takenAt: ReadonlyMap<string, number>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-cut-"));
  try {
    cut.disk.restore(folder, leaves);
    await assertHolds(folder, cut, takenAt);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function assertHolds(
  above: string,
  { acknowledged, at }: Cut,
  takenAt: ReadonlyMap<string, number>,
): Promise<void> {
  const folder = join(above, "data");
  await mkdir(folder, { recursive: true });
  const certificates = await openCertificates({
    files: null,
    folder,
    hostname: "mx.example.test",
    clock: systemClock,
    emit: () => {},
  });
  certificates.close();
  const isTaken = (recipient: string) => (takenAt.get(recipient) ?? Infinity) <= at;
  assertKept(await readDataFolder(folder), { acknowledged, isTaken });
}
