import type { AccessKind, AccessListener } from "../config/schema.ts";
import type { Offer } from "../imap/capabilities.ts";
import type { Door } from "../net/listener.ts";
import type { AccessContext } from "./access-context.ts";
import type { Visit } from "./connection.ts";
import { ImapConversation } from "./imap-conversation.ts";

/** Doors of listeners for IMAP. */
export function imapDoors(context: AccessContext): (listener: AccessListener) => Door<AccessKind> {
  const { config, clock, emit, authenticator, certificates, mailOf } = context;
  const { timeouts } = config;
  return (listener) => {
    const common = {
      hostname: config.hostname,
      isTlsImplicit: listener.tls === "implicit",
      offer: offersOf(listener, context),
      certificates,
      authenticator,
      mailOf,
      handshakeMs: timeouts.handshake,
      loginMs: timeouts.command,
      idleMs: timeouts.imap,
      contentMs: timeouts.content,
      maxErrors: config.access.errors,
      now: () => clock.now(),
      emit,
    };
    return {
      config: listener,
      admits: () => true,
      turnAway: () => "* BYE Too many connections, try later\r\n",
      open: (closed) => {
        const shared = { ...common, closed };
        return (socket, visit) => new ImapConversation(shared, socket, visit);
      },
    };
  };
}

/** Asked anew for each list of capabilities: the mechanisms depend on which accounts there are. */
function offersOf({ name, tls: how }: AccessListener, { config, authenticator }: AccessContext) {
  const { messageSize: appendLimit } = config.limits;
  return ({ tls }: Pick<Visit, "tls">): Offer => ({
    mayStartTls: how === "starttls" && tls === null,
    mechanisms: authenticator.mechanisms({
      tls: tls !== null,
      // tls-exporter is there from TLS 1.3 on (RFC 9266).
      channelBinding: tls?.protocol === "TLSv1.3",
      listener: name,
    }),
    appendLimit,
  });
}
