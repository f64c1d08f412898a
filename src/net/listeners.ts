import type { Account } from "../accounts/account.ts";
import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import type { ListenerConfig } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Clock, Timer } from "../time/clock.ts";
import { type Door, Listener } from "./listener.ts";
import { type Limits, Occupancy } from "./occupancy.ts";

export type ListenersContext = {
  readonly limits: Limits;
  /** The account as it is now; null: it was deleted. */
  readonly account: (id: number) => Account | null;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Stands before each session's name, so that none is given twice. */
  readonly prefix: string;
};

export type OpenListener = {
  readonly name: string;
  readonly kind: ListenerConfig["kind"];
  readonly ip: Ip;
  readonly port: number;
};

/** Listeners that count their connections together. */
export interface Listeners {
  readonly listeners: readonly OpenListener[];
  close(graceMs: number): Promise<void>;
}

const sweepEveryMs = 1_000;

/** Opens every door, or none: when one cannot be opened the others are closed again and the error is thrown. */
export async function openListeners<Kind extends ListenerConfig["kind"]>(
  doors: readonly Door<Kind>[],
  { limits, account: accountNow, clock, emit, prefix }: ListenersContext,
): Promise<Listeners> {
  let sessions = 0;
  const start = `${prefix}${clock.now().toString(36)}`;
  const context = {
    occupancy: new Occupancy(limits),
    nextSession: () => `${start}.${(sessions++).toString(36)}`,
    emit,
  };
  const listeners: Listener<Kind>[] = [];
  const opened: OpenListener[] = [];
  const closeAll = (graceMs: number) => Promise.all(listeners.map((listener) => listener.close(graceMs)));
  try {
    for (const door of doors) {
      const { name, kind } = door.config;
      const listener = new Listener(door, context);
      const { address, port } = await listener.open();
      listeners.push(listener);
      const ip = parseIp(address);
      if (ip === null) throw new Error(`listener ${name}: the address ${address} is not an IP address`);
      opened.push({ name, kind, ip, port });
    }
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const isWelcome = ({ id, passwordVersion }: Account) => {
    const account = accountNow(id);
    return account !== null && account.isEnabled && account.passwordVersion === passwordVersion;
  };
  let timer: Timer;
  const sweep = () => {
    const now = clock.now();
    for (const listener of listeners) {
      listener.sweep(now);
      listener.endSessions(isWelcome);
    }
    timer = clock.after(sweepEveryMs, sweep);
  };
  timer = clock.after(sweepEveryMs, sweep);
  return {
    listeners: opened,
    async close(graceMs) {
      // The sweep goes on: a client that does not close its side is dropped in time.
      await closeAll(graceMs);
      timer.cancel();
    },
  };
}
