import { UnitFailed, type Store, type Unit } from "../store/store.ts";
import type { Refusal } from "../address/address.ts";
import type { LiveDirectory } from "./directory.ts";

/** One change at a time, each seen by the directory before the next begins and before its promise resolves. */
export type Change = <Result>(work: () => Promise<Result>) => Promise<Result>;

export function oneAtATime(): Change {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work, work);
    last = result.catch(() => {});
    return result;
  };
}

/**
 * Commits and reads the directory again; a condition that did not hold is `refused`. Rejects when the store cannot
 * keep it.
 */
export async function commitAndReload(
  unit: Unit,
  { store, directory }: { store: Store; directory: LiveDirectory },
  refused: string,
): Promise<Refusal | null> {
  try {
    await store.commit(unit);
  } catch (problem) {
    if (problem instanceof UnitFailed) return { refused };
    throw problem;
  }
  await directory.reload();
  return null;
}
