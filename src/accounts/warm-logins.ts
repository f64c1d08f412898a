import { createHmac } from "node:crypto";
import type { Clock } from "../time/clock.ts";
import type { Purpose } from "./exchange.ts";

/** Whose password it is, which one (a new version forgets all that was warm), and what it was used for. */
export type PasswordOwner = { readonly id: number; readonly passwordVersion: number; readonly purpose: Purpose };

/** Passwords that were right a moment ago, known again without the slow hash. Nothing of them leaves the process. */
export interface WarmLogins {
  knows(owner: PasswordOwner, password: string): boolean;
  /** `until`: the end of an app password that expires sooner. */
  remember(owner: PasswordOwner, password: string, until?: number): void;
}

const longestMs = 10 * 60 * 1000;

/**
 * Keeps a keyed hash of (account, password version, purpose, password), not the password. The key lives as long as the process:
 * the table says nothing to whoever reads it later. Wrong passwords are not kept, so a guess always costs the slow
 * hash.
 */
export function createWarmLogins(options: { clock: Clock; key: Buffer; atMost?: number }): WarmLogins {
  const { clock, key, atMost = 20_000 } = options;
  /** Oldest first. */
  const until = new Map<string, number>();

  function markOf(owner: PasswordOwner, password: string): string {
    return createHmac("sha256", key)
      .update(`${owner.id}/${owner.passwordVersion}/${owner.purpose}/${password}`, "utf8")
      .digest("base64");
  }

  return {
    knows(owner, password) {
      const mark = markOf(owner, password);
      const end = until.get(mark);
      if (end === undefined) return false;
      const leftMs = end - clock.now();
      // More than ten minutes left: the clock was set back.
      if (leftMs > 0 && leftMs <= longestMs) return true;
      until.delete(mark);
      return false;
    },
    remember(owner, password, end = Infinity) {
      const mark = markOf(owner, password);
      until.delete(mark);
      until.set(mark, Math.min(end, clock.now() + longestMs));
      for (const oldest of until.keys()) {
        if (until.size <= atMost) break;
        until.delete(oldest);
      }
    },
  };
}
