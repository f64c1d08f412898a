import type { Account } from "../accounts/account.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import type { Config } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { Clock, Timer } from "../time/clock.ts";
import type { Gate } from "./gate.ts";
import type { IntakeContext } from "./intake.ts";
import { Listener } from "./listener.ts";
import { Occupancy } from "./occupancy.ts";
import { makeOffers } from "./offer.ts";

export type ReceptionContext = {
  readonly config: Config;
  readonly gate: Gate;
  readonly intake: IntakeContext;
  readonly authenticator: Authenticator;
  readonly certificates: Certificates;
  readonly shortage: () => Reply | null;
  readonly clock: Clock;
  readonly emit: Emit;
};

export type OpenListener = { readonly name: string; readonly kind: string; readonly ip: Ip; readonly port: number };

const sweepEveryMs = 1_000;

/** All listeners of the boot file. */
export interface Reception {
  readonly listeners: readonly OpenListener[];
  close(graceMs: number): Promise<void>;
}

/** Opens every listener, or none: when one cannot be opened the others are closed again and the error is thrown. */
export async function openReception(context: ReceptionContext): Promise<Reception> {
  const { config, clock, gate, emit } = context;
  const occupancy = new Occupancy(config.limits);
  let sessions = 0;
  const start = clock.now().toString(36);
  const listenerContext = {
    occupancy,
    admitsConnection: (client: Ip) => gate.admitsConnection(client),
    nextSession: () => `${start}.${(sessions++).toString(36)}`,
    emit,
  };
  const listeners: Listener[] = [];
  const opened: OpenListener[] = [];
  const closeAll = (graceMs: number) => Promise.all(listeners.map((listener) => listener.close(graceMs)));
  try {
    for (const listenerConfig of config.listeners) {
      const offers = makeOffers(listenerConfig, context);
      const listener = new Listener(listenerConfig, listenerContext, {
        listener: listenerConfig,
        limits: config.limits,
        timeouts: config.timeouts,
        gate,
        intake: context.intake,
        authenticator: context.authenticator,
        certificates: context.certificates,
        now: () => clock.now(),
        emit,
        shortage: context.shortage,
        offerFor: (visit) => (gate.holdsGrant(visit) ? offers.toGranted : offers.toStrangers),
      });
      const { address, port } = await listener.open();
      listeners.push(listener);
      const ip = parseIp(address);
      if (ip === null) throw new Error(`listener ${listenerConfig.name}: the address ${address} is not an IP address`);
      opened.push({ name: listenerConfig.name, kind: listenerConfig.kind, ip, port });
    }
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const isWelcome = ({ id, passwordVersion }: Account) => {
    const account = context.intake.directory.account(id);
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
