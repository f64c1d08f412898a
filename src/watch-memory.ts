import type { Emit } from "./events/emit.ts";
import { Memory } from "./store/memory.ts";
import type { Clock } from "./time/clock.ts";

const toldEveryMs = 60_000;

/** The memory for messages on their way in; tells when it is used up, at most once a minute. */
export function watchMemory(most: number, { clock, emit }: { readonly clock: Clock; readonly emit: Emit }): Memory {
  const memory = new Memory(most);
  let toldAt = -Infinity;
  memory.addReader({
    memoryChanged() {
      if (!memory.isShort || clock.now() - toldAt < toldEveryMs) return;
      toldAt = clock.now();
      const problem = `${memory.held} octets of messages are in memory, ${most} may be (limits.memory): clients wait`;
      emit({ name: "trouble", doing: "receiving messages", problem });
    },
  });
  return memory;
}
