import type { Authenticator } from "../accounts/authenticator.ts";
import { type Config, type ReceptionListener, takesMail } from "../config/schema.ts";
import type { Emit } from "../events/emit.ts";
import type { Door } from "../net/listener.ts";
import { type Listeners, openListeners } from "../net/listeners.ts";
import type { ListenerKind } from "../policy/context.ts";
import { formatReply, type Reply } from "../smtp/reply.ts";
import * as replies from "../smtp/replies.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { Clock } from "../time/clock.ts";
import { Conversation } from "./conversation.ts";
import type { Gate } from "./gate.ts";
import type { IntakeContext } from "./intake.ts";
import { makeOffers } from "./offer.ts";
import type { Visit } from "./visit.ts";

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

/** All listeners of the boot file that take mail. */
export type Reception = Listeners;

export function openReception(context: ReceptionContext): Promise<Reception> {
  const { config, clock, intake, emit } = context;
  return openListeners(
    config.listeners.filter(takesMail).map((listener) => doorOf(listener, context)),
    { limits: config.limits, account: (id) => intake.directory.account(id), clock, emit, prefix: "" },
  );
}

function doorOf(listener: ReceptionListener, context: ReceptionContext): Door<ListenerKind> {
  const { config, clock, gate, emit } = context;
  const offers = makeOffers(listener, context);
  const around = {
    listener,
    limits: config.limits,
    timeouts: config.timeouts,
    gate,
    intake: context.intake,
    authenticator: context.authenticator,
    certificates: context.certificates,
    now: () => clock.now(),
    emit,
    shortage: context.shortage,
    offerFor: (visit: Visit) => (gate.holdsGrant(visit) ? offers.toGranted : offers.toStrangers),
  };
  return {
    config: listener,
    admits: (client) => gate.admitsConnection(client),
    turnAway: (why) => formatReply(turnedAway(why)),
    open: (closed) => {
      const surroundings = { ...around, closed };
      return (socket, visit) => new Conversation(surroundings, socket, visit);
    },
  };
}

function turnedAway(why: Parameters<Door["turnAway"]>[0]): Reply {
  switch (why) {
    case "all":
      return replies.tooManyConnections;
    case "address":
    case "network":
      return replies.tooManyFromYou;
    case "not admitted":
      return replies.connectionRefused();
    default:
      return why satisfies never;
  }
}
