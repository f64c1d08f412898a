import type { AccessKind, AccessListener } from "../config/schema.ts";
import type { Door } from "../net/listener.ts";
import type { Offer } from "../pop3/offer.ts";
import * as replies from "../pop3/replies.ts";
import { formatReply } from "../pop3/reply.ts";
import type { AccessContext } from "./access-context.ts";
import { Pop3Conversation } from "./pop3-conversation.ts";
import { Maildrops } from "./pop3-maildrops.ts";

/** Doors of listeners for POP3: together they see to it that a maildrop is open once. */
export function pop3Doors(context: AccessContext): (listener: AccessListener) => Door<AccessKind> {
  const { config, clock, emit, authenticator, certificates, mailOf } = context;
  const now = () => clock.now();
  const maildrops = new Maildrops(config.pop3.loginDelay, now);
  return (listener) => {
    const common = {
      offer: offerOf(listener, context),
      isTlsImplicit: listener.tls === "implicit",
      certificates,
      authenticator,
      mailOf,
      maildrops,
      handshakeMs: config.timeouts.handshake,
      loginMs: config.timeouts.login,
      idleMs: config.timeouts.pop3,
      maxErrors: config.access.errors,
      now,
      emit,
    };
    return {
      config: listener,
      admits: () => true,
      turnAway: () => formatReply(replies.tooManyConnections),
      open: (closed) => {
        const shared = { ...common, closed };
        return (socket, visit) => new Pop3Conversation(shared, socket, visit);
      },
    };
  };
}

/** What RFC 2449 calls capabilities, as far as the boot file says. */
function offerOf({ name, tls, allowClearAuth }: AccessListener, { config, authenticator }: AccessContext): Offer {
  const { loginDelay, expire } = config.pop3;
  return {
    hostname: config.hostname,
    startTls: tls === "starttls",
    mechanismsInClear: allowClearAuth
      ? authenticator.mechanisms({ tls: false, channelBinding: false, listener: name })
      : [],
    mechanismsOverTls: authenticator.mechanisms({ tls: true, channelBinding: true, listener: name }),
    loginDelay: Math.ceil(loginDelay / 1_000),
    expire: expire === undefined ? null : expire === "never" ? "NEVER" : (expire.split(" ")[0] ?? ""),
  };
}
