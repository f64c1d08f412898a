import type { Account } from "../accounts/account.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import { type AccessKind, type AccessListener, type Config, givesMail } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Mail } from "../imap/mail.ts";
import type { Door } from "../net/listener.ts";
import { type Listeners, openListeners } from "../net/listeners.ts";
import type { Clock } from "../time/clock.ts";
import type { Certificates } from "../tls/certificates.ts";
import { imapDoors } from "./imap-door.ts";
import { pop3Doors } from "./pop3-door.ts";

export type AccessContext = {
  readonly config: Config;
  readonly authenticator: Authenticator;
  readonly certificates: Certificates;
  /** The account as it is now; null: it was deleted. */
  readonly account: (id: number) => Account | null;
  readonly mailOf: (account: Account) => Mail;
  readonly clock: Clock;
  readonly emit: Emit;
};

/** All listeners of the boot file where accounts read their mail. */
export type Access = Listeners;

export function openAccess(context: AccessContext): Promise<Access> {
  const { config, account, clock, emit } = context;
  const doorOf: Readonly<Record<AccessKind, (listener: AccessListener) => Door<AccessKind>>> = {
    pop3: pop3Doors(context),
    imap: imapDoors(context),
  };
  return openListeners(
    config.listeners.filter(givesMail).map((listener) => doorOf[listener.kind](listener)),
    { limits: config.access, account, clock, emit, prefix: "a" },
  );
}
