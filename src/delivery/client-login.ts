import { pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { RecipientOutcome } from "../queue/entry.ts";
import { strongestOf } from "../sasl/mechanism.ts";
import { saslprep } from "../sasl/saslprep.ts";
import { isServerProven, openScram, parseServerFirst, proveScram, type ScramBinding } from "../sasl/scram-client.ts";
import { scramKeyLength } from "../sasl/scram-keys.ts";
import type { PeerReply } from "../smtp/client-reply-decoder.ts";
import type { Lately } from "./lately.ts";
import { outcomeOf, transient } from "./outcome.ts";
import type { Peer } from "./peer.ts";
import type { Target } from "./target.ts";

type Credentials = NonNullable<Target["credentials"]>;

/** Where and for how long to talk. */
export type LoginAt = {
  readonly peer: Peer;
  /** Lines of the reply to EHLO in upper case. */
  readonly extensions: ReadonlySet<string>;
  readonly timeoutMs: number;
  /** Hosts, each with the account, that refused in SCRAM what they took by PLAIN. */
  readonly scramRefused: Pick<Lately, "has" | "note">;
};

const hashed = promisify(pbkdf2);

/**
 * AUTH at a smart host (RFC 4954), with the strongest mechanism that both know; the route implies verified TLS, so that nothing of it
 * goes anywhere else. `null`: logged in. What fails is put right by people: the mail waits for that.
 *
 * Many hosts list SCRAM and keep no verifier for a password that is older than it: they answer 535, or 432 ("a password transition
 * is needed", by PLAIN: §6). So PLAIN follows: it tells the host no more than one without SCRAM is told over the same TLS. That is
 * remembered, for some lock out whoever fails at each connection.
 */
export async function logIn(at: LoginAt, credentials: Credentials): Promise<RecipientOutcome | null> {
  const { peer, scramRefused } = at;
  const where = `${peer.host.name} ${credentials.account}`;
  const simple = strongestOf(offeredBy(at.extensions), { canScram: false, canBind: false });
  const failed = simple !== null && scramRefused.has(where) ? notOffered : await byScram(at, credentials);
  if (failed === null) return null;
  const isRefused = failed.code === 535 || failed.code === 432;
  if (failed !== notOffered && (simple === null || !isRefused)) return failed;
  const failedToo = await byPassword(at, credentials, simple);
  if (failedToo === null && isRefused) scramRefused.note(where);
  return failedToo;
}

const notOffered = transient(null, "4.7.0", "the host offers no way to log in that is known here");

async function byScram(at: LoginAt, credentials: Credentials): Promise<RecipientOutcome | null> {
  // What SASLprep refuses has no SCRAM proof that the server could have made too.
  const [name, password] = [saslprep(credentials.account), saslprep(credentials.password)];
  if (typeof name !== "string" || typeof password !== "string") return notOffered;
  const binding = at.peer.channelBinding;
  const mechanism = strongestOf(offeredBy(at.extensions), { canScram: true, canBind: binding !== null });
  if (mechanism !== "SCRAM-SHA-256-PLUS" && mechanism !== "SCRAM-SHA-256") return notOffered;
  const isBound = mechanism === "SCRAM-SHA-256-PLUS" && binding !== null;
  const said = isBound ? { exporter: binding } : binding === null ? "n" : "y";
  return scram(at, { name, password, mechanism, binding: said });
}

async function byPassword(
  at: LoginAt,
  { account, password }: Credentials,
  mechanism: ReturnType<typeof strongestOf>,
): Promise<RecipientOutcome | null> {
  const { peer } = at;
  if (mechanism === "PLAIN") return ended(peer, await say(at, `AUTH PLAIN ${base64(`\0${account}\0${password}`)}`));
  if (mechanism !== "LOGIN") return { ...notOffered, host: peer.name };
  let reply = await say(at, "AUTH LOGIN");
  for (const answer of [account, password]) if (reply.code === 334) reply = await say(at, base64(answer));
  return ended(peer, reply);
}

type Scram = {
  readonly name: string;
  readonly password: string;
  readonly mechanism: string;
  readonly binding: ScramBinding;
};

async function scram(at: LoginAt, { name, password, mechanism, binding }: Scram): Promise<RecipientOutcome | null> {
  const { peer } = at;
  const opened = openScram(name, randomBytes(18).toString("base64"), binding);
  const first = await say(at, `AUTH ${mechanism} ${base64(opened.message)}`);
  if (first.code !== 334) return ended(peer, first);
  const challenged = parseServerFirst(opened, dataOf(first));
  if ("refused" in challenged) return giveUp(at, challenged.refused);
  const salted = await hashed(password, challenged.salt, challenged.iterations, scramKeyLength, "sha256");
  const proven = proveScram(opened, challenged, salted);
  const final = await say(at, base64(proven.message));
  if (final.code !== 334) {
    // A 235 at this place lets us in without a proof that it knows the password: not the host that we look for.
    return final.code === 235 ? unproven(peer) : ended(peer, final);
  }
  if (!isServerProven(proven, dataOf(final))) return giveUp(at, "it did not prove that it knows the password");
  return ended(peer, await say(at, ""));
}

/** RFC 4954 §4: "*" ends an exchange. */
async function giveUp(at: LoginAt, why: string): Promise<RecipientOutcome> {
  await say(at, "*");
  return transient(at.peer.name, "4.7.0", `the login was broken off: ${why}`);
}

function unproven(peer: Peer): RecipientOutcome {
  return transient(peer.name, "4.7.0", "the login was broken off: it did not prove that it knows the password");
}

function ended(peer: Peer, reply: PeerReply): RecipientOutcome | null {
  return reply.code === 235 ? null : { ...outcomeOf(peer.name, reply, "AUTH"), result: "transient" };
}

function say({ peer, timeoutMs }: LoginAt, line: string): Promise<PeerReply> {
  peer.write(`${line}\r\n`);
  return peer.reply(timeoutMs);
}

function dataOf({ lines: [line = ""] }: PeerReply): Buffer {
  return Buffer.from(line, "base64");
}

function base64(text: string | Buffer): string {
  return Buffer.from(text).toString("base64");
}

/** "AUTH PLAIN LOGIN", or "AUTH=PLAIN LOGIN" as old hosts write it. */
function offeredBy(extensions: ReadonlySet<string>): readonly string[] {
  return [...extensions].flatMap((line) => (/^AUTH[ =]/.test(line) ? line.slice("AUTH ".length).split(" ") : []));
}
