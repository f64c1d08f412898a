import type { Account } from "../accounts/account.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import type { Config } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Mail } from "../imap/mail.ts";
import type { Clock } from "../time/clock.ts";
import type { Certificates } from "../tls/certificates.ts";

/** What all listeners where accounts read their mail work with. */
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
