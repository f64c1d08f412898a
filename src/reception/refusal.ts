import type { Decision } from "../policy/decision.ts";
import * as replies from "../smtp/replies.ts";
import type { Reply } from "../smtp/reply.ts";

/**
 * What the client hears about a decision that is not in its favour. The rule is for us (journal, `explain REF`): expired
 * grant, never list and wrong listener sound the same (relay-policy §2.4).
 */
export function replyFor(decision: Decision, ref: string): Reply {
  switch (decision.rule) {
    case "unknown-mailbox":
      return replies.unknownMailbox(ref);
    case "malformed":
      return replies.indirectAddress(ref);
    case "authentication-required":
      return replies.authenticationRequired(ref);
    case "sender-not-allowed":
      return replies.senderNotAllowed(ref);
    case "connection-refused":
      return replies.connectionRefused(ref);
    case "fact-unknown":
      return replies.factUnknown(ref);
    case "loop":
      return replies.aliasLoop(ref);
    case "never":
    case "relay-denied":
    case "account-may-not-relay":
      return replies.relayDenied(ref);
    default:
      throw new Error(`${decision.rule} refuses nobody`);
  }
}
