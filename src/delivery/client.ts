import type { Dial } from "../net/dial.ts";
import type { RecipientOutcome } from "../queue/entry.ts";
import type { Clock } from "../time/clock.ts";
import { logIn, type LoginAt } from "./client-login.ts";
import { outcomeOf, transient } from "./outcome.ts";
import { nameOf, Peer, PeerLost } from "./peer.ts";
import type { Target, TargetHost } from "./target.ts";

/** Timeouts in milliseconds; RFC 5321 §4.5.3.2 gives the least of each. */
export type ClientLimits = {
  readonly connect: number;
  readonly greeting: number;
  readonly command: number;
  readonly data: number;
  readonly content: number;
  readonly endOfContent: number;
};

/** A connection on which transactions may begin. */
export type Client = {
  readonly peer: Peer;
  /** Lines of the reply to EHLO in upper case, and their first words. */
  readonly extensions: ReadonlySet<string>;
};

/** The host cannot be used for this target: the next one is tried. */
export class HostUnusable extends Error {
  override readonly name = "HostUnusable";
  readonly outcome: RecipientOutcome;
  /** It said so, it does not answer at all, or only its encryption fails. */
  readonly because: "reply" | "silence" | "encryption";
  constructor(outcome: RecipientOutcome, because: HostUnusable["because"] = "reply") {
    super(outcome.said);
    this.outcome = outcome;
    this.because = because;
  }
}

export type Opening = {
  readonly target: Target;
  readonly limits: ClientLimits;
  /** What we call ourselves. */
  readonly hello: string;
  readonly withoutTls: boolean;
  readonly scramRefused: LoginAt["scramRefused"];
  readonly clock: Clock;
  readonly dial: Dial;
};

/** Connects, greets, encrypts and logs in as the target demands. Rejects with `HostUnusable`. */
export async function openClient(host: TargetHost, opening: Opening): Promise<Client> {
  const { target, limits, clock, dial } = opening;
  let peer: Peer | null = null;
  try {
    peer = await Peer.open(host, { timeoutMs: limits.connect, clock, dial });
    const greeting = await peer.reply(limits.greeting);
    // Whatever it is, it is no word about a recipient: another host, or a later try, may be in a better mood (O-29).
    if (greeting.code !== 220) throw new HostUnusable(outcomeOf(peer.name, { ...greeting, code: 421 }, "the greeting"));
    let extensions = await sayHello(peer, opening);
    if (wantsTls(opening, extensions)) {
      extensions = await encrypt(peer, opening);
    } else if (target.tls === "require" || target.tls === "verify") {
      throw new HostUnusable(transient(peer.name, "4.7.5", "TLS is demanded and the host does not offer it"));
    }
    if (target.credentials !== undefined) {
      const { scramRefused } = opening;
      const failed = await logIn({ peer, extensions, timeoutMs: limits.command, scramRefused }, target.credentials);
      if (failed !== null) throw new HostUnusable(failed);
    }
    return { peer, extensions };
  } catch (error) {
    peer?.close();
    if (error instanceof HostUnusable) throw error;
    if (error instanceof PeerLost) throw new HostUnusable(transient(nameOf(host), "4.4.1", error.message), "silence");
    throw error;
  }
}

function wantsTls({ target, withoutTls }: Opening, extensions: ReadonlySet<string>): boolean {
  return target.tls !== "off" && !(withoutTls && target.tls === "opportunistic") && extensions.has("STARTTLS");
}

/** EHLO, or HELO where that is not known (RFC 5321 §3.2). */
async function sayHello(peer: Peer, { hello, limits }: Opening): Promise<ReadonlySet<string>> {
  peer.write(`EHLO ${hello}\r\n`);
  const reply = await peer.reply(limits.command);
  if (reply.code === 250)
    return new Set(
      reply.lines
        .slice(1)
        .map((line) => line.trim().toUpperCase())
        .flatMap((line) => [line, line.split(" ")[0] ?? ""]),
    );
  if (reply.code < 500) throw new HostUnusable(outcomeOf(peer.name, reply, "EHLO"));
  peer.write(`HELO ${hello}\r\n`);
  const old = await peer.reply(limits.command);
  if (old.code !== 250) throw new HostUnusable(outcomeOf(peer.name, old, "HELO"));
  return new Set();
}

async function encrypt(peer: Peer, opening: Opening): Promise<ReadonlySet<string>> {
  const { target, limits } = opening;
  try {
    peer.write("STARTTLS\r\n");
    const reply = await peer.reply(limits.command);
    if (reply.code !== 220) throw new PeerLost(`STARTTLS was answered ${reply.code}`);
    await peer.startTls({
      verifies: target.tls === "verify",
      fingerprint: target.fingerprint ?? null,
      timeoutMs: limits.connect,
    });
    // Nothing learnt in clear counts any more: RFC 3207 §4.2.
    return await sayHello(peer, opening);
  } catch (error) {
    if (!(error instanceof PeerLost)) throw error;
    throw new HostUnusable(transient(peer.name, "4.7.5", error.message), "encryption");
  }
}
