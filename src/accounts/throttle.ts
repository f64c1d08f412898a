import { hash } from "node:crypto";
import type { Clock } from "../time/clock.ts";
import type { Network } from "./network.ts";

/**
 * Slows guessing down: failures make one (account, network) pair wait, longer each time. A network from which the
 * account has logged in is exempt, and other networks are not touched, so a stranger cannot lock an owner out.
 */
export interface Throttle {
  /**
   * `login`: one text for all ways to write a login, whether the account exists or not. `null`: too soon after
   * failures.
   */
  admit(login: string, network: Network): Attempt | null;
}

/** An attempt that was let through; exactly one of these says how it ended. */
export interface Attempt {
  succeeded(): void;
  failed(): void;
  /** It came to no answer (the bench was busy, the store did not answer): as if it had not been. */
  withdrawn(): void;
}

export type ThrottleLimits = {
  /**
   * Wrong passwords before the first wait; as many attempts may run side by side (a mail program opens several
   * connections at once).
   */
  readonly freeFailures: number;
  /** Doubled with every further failure … */
  readonly firstWaitMs: number;
  /** … up to this. */
  readonly longestWaitMs: number;
  readonly forgetAfterMs: number;
  /** Names that one network may try before all further ones count as one: no fresh start by going through a list. */
  readonly namesPerNetwork: number;
  /** Records in all; the networks that were quiet longest are forgotten first. */
  readonly records: number;
  /** Pairs that are remembered as good. */
  readonly exempt: number;
};

export const throttleLimits: ThrottleLimits = {
  freeFailures: 10,
  firstWaitMs: 1_000,
  longestWaitMs: 5 * 60_000,
  forgetAfterMs: 60 * 60_000,
  namesPerNetwork: 256,
  records: 50_000,
  exempt: 50_000,
};

/** Under way and failed attempts of one pair. */
type Tally = { failures: number; pending: number; notBefore: number };
type Tallies = Map<string, Tally>;

const noEffect = (): void => {};
const freeAttempt: Attempt = { succeeded: noEffect, failed: noEffect, withdrawn: noEffect };

/** For tests and judges from outside that fail on purpose. */
export const noThrottle: Throttle = { admit: () => freeAttempt };

/** The name under which a network's surplus names are counted together. */
const surplus = "";

export function createThrottle(clock: Clock, limits: ThrottleLimits = throttleLimits): Throttle {
  /** By network, the one that was quiet longest first. */
  const networks = new Map<Network, Tallies>();
  const exempt = new Set<string>();
  let records = 0;

  function tallyOf(key: string, network: Network): [Tally, string] {
    const tallies = networks.get(network) ?? new Map<string, Tally>();
    networks.delete(network);
    networks.set(network, tallies);
    const name = tallies.has(key) || tallies.size < limits.namesPerNetwork ? key : surplus;
    let tally = tallies.get(name);
    if (tally === undefined) {
      tally = { failures: 0, pending: 0, notBefore: 0 };
      tallies.set(name, tally);
      records++;
      forgetQuietest();
    }
    return [tally, name];
  }

  /** The network in hand is the last of the map: it stays, however small the limit. */
  function forgetQuietest(): void {
    for (const [network, tallies] of networks) {
      if (records <= limits.records || networks.size === 1) return;
      networks.delete(network);
      records -= tallies.size;
    }
  }

  function drop(name: string, network: Network): void {
    const tallies = networks.get(network);
    if (tallies?.delete(name)) records--;
    if (tallies?.size === 0) networks.delete(network);
  }

  function mayTry(tally: Tally, now: number): boolean {
    // Also when the clock was set back: nobody waits longer than the longest wait.
    if (now - tally.notBefore > limits.forgetAfterMs || tally.notBefore - now > limits.longestWaitMs)
      tally.failures = 0;
    if (tally.failures + tally.pending < limits.freeFailures) return true;
    return tally.pending === 0 && now >= tally.notBefore;
  }

  function waitMs(failures: number): number {
    const doublings = failures - limits.freeFailures;
    return doublings < 0 ? 0 : Math.min(limits.firstWaitMs * 2 ** doublings, limits.longestWaitMs);
  }

  function trust(pair: string): void {
    exempt.delete(pair);
    exempt.add(pair);
    for (const oldest of exempt) {
      if (exempt.size <= limits.exempt) break;
      exempt.delete(oldest);
    }
  }

  return {
    admit(login, network) {
      // Names are of the stranger's making and length: what is kept of one is short.
      const key = hash("sha256", login, "base64").slice(0, 20);
      const pair = `${key} ${network}`;
      if (exempt.has(pair)) return freeAttempt;
      const [tally, name] = tallyOf(key, network);
      if (!mayTry(tally, clock.now())) return null;
      tally.pending++;
      return {
        succeeded: () => {
          tally.pending--;
          // The surplus tally belongs to other names too: one right password does not clear those.
          if (name !== surplus) drop(name, network);
          trust(pair);
        },
        failed: () => {
          tally.pending--;
          tally.failures++;
          tally.notBefore = clock.now() + waitMs(tally.failures);
        },
        withdrawn: () => {
          tally.pending--;
          if (tally.failures === 0 && tally.pending === 0) drop(name, network);
        },
      };
    },
  };
}
