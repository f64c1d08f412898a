import { isAscii } from "node:buffer";
import type { RecipientOutcome } from "../queue/entry.ts";
import type { PeerReply } from "../smtp/client-reply-decoder.ts";
import { Peer, PeerLost } from "./peer.ts";
import type { Outgoing, SendResult, Target, TargetHost } from "./target.ts";

/** Timeouts in milliseconds; RFC 5321 §4.5.3.2 gives the least of each. */
export type ClientLimits = {
  readonly connect: number;
  readonly greeting: number;
  readonly command: number;
  readonly data: number;
  readonly content: number;
  readonly endOfContent: number;
};

export type Client = {
  readonly peer: Peer;
  readonly extensions: ReadonlySet<string>;
};

/** The host cannot be used for this target: the next one is tried. `isTls`: only the encryption failed. */
export class HostUnusable extends Error {
  override readonly name = "HostUnusable";
  readonly outcome: RecipientOutcome;
  readonly isTls: boolean;
  constructor(outcome: RecipientOutcome, isTls = false) {
    super(outcome.said);
    this.outcome = outcome;
    this.isTls = isTls;
  }
}

type Opening = {
  readonly target: Target;
  readonly limits: ClientLimits;
  readonly hello: string;
  readonly withoutTls: boolean;
};

/** Connects, greets, encrypts and logs in as the target demands. Rejects with `HostUnusable`. */
export async function openClient(host: TargetHost, opening: Opening): Promise<Client> {
  const { target, limits } = opening;
  let peer: Peer | null = null;
  try {
    peer = await Peer.open(host, limits.connect);
    const greeting = await peer.reply(limits.greeting);
    if (greeting.code !== 220) throw new HostUnusable(outcomeOf(peer, { ...greeting, code: 421 }, "the greeting"));
    let extensions = await sayHello(peer, opening);
    if (wantsTls(opening, extensions)) {
      extensions = await encrypt(peer, opening);
    } else if (target.tls === "require" || target.tls === "verify") {
      throw new HostUnusable(transient(peer, "4.7.5", "TLS is demanded and the host does not offer it"));
    }
    if (target.credentials !== undefined) await logIn(peer, { credentials: target.credentials, extensions, limits });
    return { peer, extensions };
  } catch (error) {
    peer?.close();
    if (error instanceof HostUnusable) throw error;
    if (error instanceof PeerLost) throw new HostUnusable(transientAt(peer?.name ?? nameOf(host), error.message));
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
  if (reply.code < 500) throw new HostUnusable(outcomeOf(peer, reply, "EHLO"));
  peer.write(`HELO ${hello}\r\n`);
  const old = await peer.reply(limits.command);
  if (old.code !== 250) throw new HostUnusable(outcomeOf(peer, old, "HELO"));
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
    throw new HostUnusable(transient(peer, "4.7.5", error.message), true);
  }
}

type LoginRequest = {
  readonly credentials: NonNullable<Target["credentials"]>;
  readonly extensions: ReadonlySet<string>;
  readonly limits: ClientLimits;
};

/** AUTH at a smart host; its route implies verified TLS, so that the password never goes anywhere else. */
async function logIn(peer: Peer, { credentials, extensions, limits }: LoginRequest): Promise<void> {
  const offered = [...extensions].find((line) => line.startsWith("AUTH "))?.split(" ") ?? [];
  const { account, password } = credentials;
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
  } else throw new HostUnusable(transient(peer, "4.7.0", "the host offers no way to log in that is known here"));
  // A password that is wrong today is put right by people: the mail waits for that.
  if (reply.code !== 235) throw new HostUnusable({ ...outcomeOf(peer, reply, "AUTH"), result: "transient" });
}

/** One transaction (RFC 5321 §3.3). Outcomes in the order of the recipients; `isUsable`: the connection may carry another. */
export async function transact(
  client: Client,
  message: Outgoing,
  limits: ClientLimits,
): Promise<SendResult & { readonly isUsable: boolean }> {
  const { peer } = client;
  const flaw = flawOf(client, message);
  if (flaw !== null) return { outcomes: message.recipients.map(() => flaw), isDown: false, isUsable: true };
  const outcomes: (RecipientOutcome | null)[] = message.recipients.map(() => null);
  const fillWith = (outcome: RecipientOutcome) => outcomes.map((known) => known ?? outcome);
  let isAfterDot = false;
  try {
    const taken = client.extensions.has("PIPELINING")
      ? await offerAtOnce(client, { message, limits, outcomes })
      : await offerInTurn(client, { message, limits, outcomes });
    if (taken === null)
      return {
        outcomes: fillWith(transient(peer, "4.3.0", "the transaction ended early")),
        isDown: false,
        isUsable: !peer.isLost,
      };
    if (taken.code !== 354) {
      return { outcomes: fillWith(outcomeOf(peer, taken, "DATA")), isDown: false, isUsable: await reset(peer, limits) };
    }
    if (outcomes.every((outcome) => outcome !== null)) {
      // 354 although every recipient was refused: a lone dot, to nobody (RFC 2920 §3.1).
      peer.write(".\r\n");
      await peer.reply(limits.endOfContent);
      return { outcomes: outcomes.filter((outcome) => outcome !== null), isDown: false, isUsable: true };
    }
    await peer.sendContent(message.content, limits.content);
    isAfterDot = true;
    const end = await peer.reply(limits.endOfContent);
    return { outcomes: fillWith(outcomeOf(peer, end, "the message")), isDown: false, isUsable: end.code !== 421 };
  } catch (error) {
    if (!(error instanceof PeerLost)) peer.close();
    // RFC 1047: the host may have taken it without our hearing so.
    const said = `${error instanceof Error ? error.message : String(error)}${isAfterDot ? "; it may have been delivered: a duplicate is possible" : ""}`;
    return { outcomes: fillWith(transient(peer, "4.4.2", said)), isDown: false, isUsable: false };
  }
}

type Offering = {
  readonly message: Outgoing;
  readonly limits: ClientLimits;
  readonly outcomes: (RecipientOutcome | null)[];
};

/** MAIL, all RCPT and DATA in one write (RFC 2920). Returns the reply to DATA. */
async function offerAtOnce(client: Client, { message, limits, outcomes }: Offering): Promise<PeerReply> {
  const { peer } = client;
  peer.write(
    `${mailLine(client, message)}${message.recipients.map((recipient) => rcptLine(client, recipient)).join("")}DATA\r\n`,
  );
  const mail = await peer.reply(limits.command);
  for (let index = 0; index < outcomes.length; index++) {
    const reply = await peer.reply(limits.command);
    if (mail.code !== 250) outcomes[index] = outcomeOf(peer, mail, "MAIL");
    else if (reply.code !== 250 && reply.code !== 251) outcomes[index] = outcomeOf(peer, reply, "RCPT");
  }
  return peer.reply(limits.data);
}

/** The same a line at a time. `null`: nothing is left to send, and the transaction was reset. */
async function offerInTurn(client: Client, { message, limits, outcomes }: Offering): Promise<PeerReply | null> {
  const { peer } = client;
  peer.write(mailLine(client, message));
  const mail = await peer.reply(limits.command);
  for (const [index, recipient] of message.recipients.entries()) {
    if (mail.code !== 250) {
      outcomes[index] = outcomeOf(peer, mail, "MAIL");
      continue;
    }
    peer.write(rcptLine(client, recipient));
    const reply = await peer.reply(limits.command);
    if (reply.code !== 250 && reply.code !== 251) outcomes[index] = outcomeOf(peer, reply, "RCPT");
  }
  if (outcomes.every((outcome) => outcome !== null)) {
    await reset(peer, limits);
    return null;
  }
  peer.write("DATA\r\n");
  return peer.reply(limits.data);
}

async function reset(peer: Peer, limits: ClientLimits): Promise<boolean> {
  peer.write("RSET\r\n");
  return (await peer.reply(limits.command)).code === 250;
}

/** Parameters are sent only to hosts that offered them (O-21). */
function mailLine({ extensions }: Client, message: Outgoing): string {
  let line = `MAIL FROM:<${message.reversePath}>`;
  if (extensions.has("SIZE")) line += ` SIZE=${message.content.size}`;
  if (extensions.has("8BITMIME") && message.body === "8BITMIME") line += " BODY=8BITMIME";
  if (extensions.has("SMTPUTF8") && message.smtpUtf8) line += " SMTPUTF8";
  if (extensions.has("DSN")) {
    if (message.ret !== null) line += ` RET=${message.ret}`;
    if (message.envid !== null) line += ` ENVID=${message.envid}`;
  }
  return `${line}\r\n`;
}

function rcptLine({ extensions }: Client, { forwardPath, orcpt, notify }: Outgoing["recipients"][number]): string {
  let line = `RCPT TO:<${forwardPath}>`;
  if (extensions.has("DSN")) {
    if (notify !== null) line += ` NOTIFY=${notify}`;
    if (orcpt !== null) line += ` ORCPT=${orcpt}`;
  }
  return `${line}\r\n`;
}

/** What the next hop cannot carry is said before it is offered. */
function flawOf({ extensions, peer }: Client, message: Outgoing): RecipientOutcome | null {
  const paths = [message.reversePath, ...message.recipients.map(({ forwardPath }) => forwardPath)];
  const needsUtf8 = paths.some((path) => !isAscii(Buffer.from(path)));
  if (needsUtf8 && !extensions.has("SMTPUTF8")) {
    return {
      result: "permanent",
      code: null,
      status: "5.6.7",
      said: "the next hop does not take addresses beyond ASCII",
      host: peer.name,
    };
  }
  if (message.body === "8BITMIME" && !extensions.has("8BITMIME")) {
    return {
      result: "permanent",
      code: null,
      status: "5.6.3",
      said: "the next hop does not take 8-bit mail",
      host: peer.name,
    };
  }
  return null;
}

function outcomeOf(peer: Peer, reply: PeerReply, to: string): RecipientOutcome {
  const result = reply.code < 300 ? "accepted" : reply.code >= 500 ? "permanent" : "transient";
  const status = reply.status ?? { accepted: "2.0.0", transient: "4.0.0", permanent: "5.0.0" }[result];
  return {
    result,
    code: reply.code,
    status,
    said: `${reply.code} ${reply.lines.join(" ")} (to ${to})`,
    host: peer.name,
  };
}

const transient = (peer: Peer, status: string, said: string): RecipientOutcome => ({
  result: "transient",
  code: null,
  status,
  said,
  host: peer.name,
});
const transientAt = (host: string, said: string): RecipientOutcome => ({
  result: "transient",
  code: null,
  status: "4.4.1",
  said,
  host,
});
const nameOf = ({ name, port }: TargetHost) => `${name}:${port}`;
