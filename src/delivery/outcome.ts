import type { RecipientOutcome } from "../queue/entry.ts";
import type { PeerReply } from "../smtp/client-reply-decoder.ts";

/** What a reply means for a recipient. `host`: who said it; `to`: what it was said to. */
export function outcomeOf(host: string, reply: PeerReply, to: string): RecipientOutcome {
  const result = isPositive(reply) ? "accepted" : reply.code >= 500 ? "permanent" : "transient";
  const status = reply.status ?? { accepted: "2.0.0", transient: "4.0.0", permanent: "5.0.0" }[result];
  return { result, code: reply.code, status, said: `${reply.code} ${reply.lines.join(" ")} (to ${to})`, host };
}

/** What became of it without a reply: the connection ended, a time was over. */
export function transient(host: string | null, status: string, said: string): RecipientOutcome {
  return { result: "transient", code: null, status, said, host };
}

/** RFC 5321 §4.3.2 names the codes; the first digit decides (§4.2.1). */
export function isPositive({ code }: PeerReply): boolean {
  return code >= 200 && code < 300;
}
