import { readFileSync, statSync } from "node:fs";
import type { Clock } from "../time/clock.ts";

const looksEveryMs = 5_000;

/** What a small file of the system says, read again when it has changed; an absent one is empty. */
export function liveFile<T>(path: string, { clock, read }: { clock: Clock; read: (text: string) => T }): () => T {
  let lookedAt = -Infinity;
  let seen = "";
  let value = read("");
  return () => {
    const now = clock.now();
    if (now >= lookedAt && now - lookedAt < looksEveryMs) return value;
    lookedAt = now;
    try {
      const { mtimeMs, ino, size } = statSync(path);
      const state = `${mtimeMs} ${ino} ${size}`;
      if (state !== seen) {
        value = read(readFileSync(path, "utf8"));
        seen = state;
      }
    } catch {
      value = read("");
      seen = "";
    }
    return value;
  };
}
