import type { Emit } from "./events/emit.ts";
import * as replies from "./smtp/replies.ts";
import type { Reply } from "./smtp/reply.ts";
import type { Clock } from "./time/clock.ts";

const looksEveryMs = 5_000;

/** Puts new mail off before the disk is full (452 4.3.1), not after. */
export function watchDisk(
  freeBytes: () => Promise<number>,
  options: { readonly folder: string; readonly reserve: number; readonly clock: Clock; readonly emit: Emit },
) {
  const { folder, reserve, clock, emit } = options;
  const doing = `looking at the disk of ${folder}`;
  let isLow = false;
  let isStopped = false;
  let timer = clock.after(0, look);
  function look(): void {
    freeBytes().then(
      (free) => {
        if (free < reserve && !isLow) {
          emit({
            name: "trouble",
            doing,
            problem: `${free} octets are free, ${reserve} are kept in reserve: new mail is put off`,
          });
        }
        isLow = free < reserve;
        lookAgain();
      },
      (error: unknown) => {
        emit({ name: "trouble", doing, problem: String(error) });
        lookAgain();
      },
    );
  }
  function lookAgain(): void {
    if (!isStopped) timer = clock.after(looksEveryMs, look);
  }
  return {
    shortage: (): Reply | null => (isLow ? replies.storageLow : null),
    stop() {
      isStopped = true;
      timer.cancel();
    },
  };
}
