import type { RecipientOutcome } from "../queue/entry.ts";
import type { PeerReply } from "../smtp/client-reply-decoder.ts";
import type { Client, ClientLimits } from "./client.ts";
import { outcomeOf, transient } from "./outcome.ts";
import type { Target } from "./target.ts";

type Credentials = NonNullable<Target["credentials"]>;

/**
 * AUTH at a smart host (RFC 4954); its route implies verified TLS, so that the password never goes anywhere else. `null`: logged in.
 */
export async function logIn(
  { peer, extensions }: Client,
  { account, password }: Credentials,
  limits: ClientLimits,
): Promise<RecipientOutcome | null> {
  const offered = [...extensions].find((line) => line.startsWith("AUTH "))?.split(" ") ?? [];
  const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");
  let reply: PeerReply;
  if (offered.includes("PLAIN")) {
    peer.write(`AUTH PLAIN ${base64(`\0${account}\0${password}`)}\r\n`);
    reply = await peer.reply(limits.command);
  } else if (offered.includes("LOGIN")) {
    peer.write("AUTH LOGIN\r\n");
    reply = await peer.reply(limits.command);
    for (const answer of [account, password]) {
      if (reply.code !== 334) break;
      peer.write(`${base64(answer)}\r\n`);
      reply = await peer.reply(limits.command);
    }
  } else return transient(peer.name, "4.7.0", "the host offers no way to log in that is known here");
  return reply.code === 235 ? null : outcomeOf(peer.name, reply, "AUTH");
}
