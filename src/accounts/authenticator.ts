import type { Emit } from "../events/emit.ts";
import { mechanismsFor, type Mechanism } from "../sasl/mechanism.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../time/clock.ts";
import type { Directory } from "./directory.ts";
import type { Exchange, LoginContext } from "./exchange.ts";
import { createHashBench, type HashBench } from "./hash-bench.ts";
import { nodeHasher, type Hasher } from "./hasher.ts";
import { createLoginDesk } from "./login-desk.ts";
import { loadLoginSecret } from "./login-secret.ts";
import { loginExchange, plainExchange } from "./plain-exchanges.ts";
import { scramExchange } from "./scram-exchange.ts";
import { createThrottle, noThrottle } from "./throttle.ts";
import { createWarmLogins } from "./warm-logins.ts";

export type { Exchange, ExchangeStep, LoginContext, LoginRefusal } from "./exchange.ts";

export type MechanismQuestion = {
  readonly tls: boolean;
  /** The connection has tls-exporter octets. */
  readonly channelBinding: boolean;
  readonly listener: string;
};

export interface Authenticator {
  /** What may be listed after EHLO: nothing in clear, unless the listener takes passwords so. */
  mechanisms(question: MechanismQuestion): readonly string[];
  /** `null`: no such mechanism on this connection; by the same rule as `mechanisms` (O-20). The name in any case. */
  begin(mechanism: string, context: LoginContext): Exchange | null;
}

export type AuthenticatorOptions = {
  readonly store: Store;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Slows guessing down. Off for judges that fail on purpose. */
  readonly isThrottled: boolean;
  /** Whether a listener takes passwords without TLS: loopback tests. */
  readonly mayUseClear: (listener: string) => boolean;
  readonly hasher?: Hasher;
  readonly bench?: HashBench;
};

/** Rejects when the store cannot be read. */
export async function openAuthenticator(options: AuthenticatorOptions): Promise<Authenticator> {
  const {
    store,
    directory,
    clock,
    emit,
    isThrottled,
    mayUseClear,
    hasher = nodeHasher,
    bench = createHashBench(),
  } = options;
  const desk = createLoginDesk({
    store,
    directory,
    clock,
    emit,
    hasher,
    bench,
    throttle: isThrottled ? createThrottle(clock) : noThrottle,
    warm: createWarmLogins({ clock, key: hasher.random(32) }),
    secret: await loadLoginSecret(store, hasher),
  });

  function mechanisms({ tls, channelBinding, listener }: MechanismQuestion): readonly Mechanism[] {
    return mechanismsFor({
      tls,
      channelBinding,
      mayUseClear: mayUseClear(listener),
      hasVerifiers: directory.hasVerifiers,
    });
  }

  return {
    mechanisms,
    begin(name, context) {
      const { listener, tls } = context;
      const channelBinding = tls?.exporter() ?? null;
      const offered = mechanisms({ tls: tls !== null, channelBinding: channelBinding !== null, listener });
      const mechanism = offered.find((one) => one === name.toUpperCase());
      switch (mechanism) {
        case "PLAIN":
          return plainExchange(desk, context);
        case "LOGIN":
          return loginExchange(desk, context);
        case "SCRAM-SHA-256":
          return scramExchange(desk, context, { isPlus: false, channelBinding });
        case "SCRAM-SHA-256-PLUS":
          return scramExchange(desk, context, { isPlus: true, channelBinding });
        case undefined:
          return null;
        default:
          return mechanism satisfies never;
      }
    },
  };
}
