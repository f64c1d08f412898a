import type { Engine } from "./sqlite/engine.ts";
import { readSetting, settingOf, writeSetting } from "./settings.ts";

/** Ids within one start. Times 2^21 starts they stay exact as numbers. */
const idsPerEpoch = 2 ** 32;

/** The number of this start, one above the last; written down before it is used. */
export function nextEpoch(engine: Engine): number {
  const epoch = Number(settingOf(engine.read(readSetting("epoch"))) ?? 0) + 1;
  const [result] = engine.commit([[writeSetting("epoch", String(epoch))]]);
  if (result === undefined || !("returned" in result)) throw new Error("the number of this start could not be kept");
  return epoch;
}

/** Gives ids: ascending within a start, never given before by any start. */
export function idsOf(epoch: number): () => number {
  let next = epoch * idsPerEpoch;
  const end = next + idsPerEpoch;
  return () => {
    if (next >= end) throw new Error("this start has given out all its ids: restart the server");
    return next++;
  };
}

export function epochOf(id: number): number {
  return Math.floor(id / idsPerEpoch);
}
