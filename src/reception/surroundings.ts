import type { Authenticator } from "../accounts/authenticator.ts";
import type { Config, ReceptionListener } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Offer } from "../smtp/offer.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { Gate } from "./gate.ts";
import type { IntakeContext } from "./intake.ts";
import type { Visit } from "./visit.ts";

/** What all conversations of a listener share. */
export type Surroundings = {
  readonly listener: ReceptionListener;
  readonly limits: Config["limits"];
  readonly timeouts: Config["timeouts"];
  readonly gate: Gate;
  readonly intake: IntakeContext;
  readonly authenticator: Authenticator;
  readonly certificates: Certificates;
  readonly now: () => number;
  readonly emit: Emit;
  /** A reply that puts off new messages while the disk or the memory is short; null: go on. */
  readonly shortage: () => Reply | null;
  readonly offerFor: (visit: Visit) => Offer;
  /** The session with this visit is over, its socket closed. */
  readonly closed: (visit: Visit) => void;
};
