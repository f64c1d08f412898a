import { asciiOriginalRecipient } from "../dsn/utf8-address.ts";
import type { RecipientOutcome } from "../queue/entry.ts";
import type { PeerReply } from "../smtp/client-reply-decoder.ts";
import { type Carriage, carriageFor, type Flaw } from "./carriage.ts";
import type { Client, ClientLimits } from "./client.ts";
import { isPositive, outcomeOf, transient } from "./outcome.ts";
import { PeerLost } from "./peer.ts";
import type { Outgoing, SendResult } from "./target.ts";

export type TransactionResult = SendResult & {
  /** The connection may carry another. */
  readonly isUsable: boolean;
  /** The connection was over before anything was said about this message: another one may be tried at once. */
  readonly isStale: boolean;
};

/** One transaction (RFC 5321 §3.3). Outcomes in the order of the recipients, each by itself (O-34). */
export async function transact(client: Client, message: Outgoing, limits: ClientLimits): Promise<TransactionResult> {
  const { name } = client.peer;
  const carriage = await carriageFor(message, client.extensions).catch((error: unknown) => unreadable(name, error));
  if ("result" in carriage || "said" in carriage) {
    const outcome = "result" in carriage ? carriage : outcomeOfFlaw(name, carriage);
    return { outcomes: message.recipients.map(() => outcome), isDown: false, isUsable: true, isStale: false };
  }
  return new Transaction(client, { message, carriage, limits }).run();
}

type Parts = { readonly message: Outgoing; readonly carriage: Carriage; readonly limits: ClientLimits };

class Transaction {
  readonly #client: Client;
  readonly #parts: Parts;
  /** Filled as replies come; `null`: nothing is known of it. */
  readonly #outcomes: (RecipientOutcome | null)[];
  #phase: "commands" | "content" | "after the dot" = "commands";
  #hasHeard = false;
  #isStale = false;

  constructor(client: Client, parts: Parts) {
    this.#client = client;
    this.#parts = parts;
    const { name } = client.peer;
    this.#outcomes = parts.carriage.flaws.map((flaw) => (flaw === null ? null : outcomeOfFlaw(name, flaw)));
  }

  async run(): Promise<TransactionResult> {
    let isUsable = false;
    try {
      isUsable = this.#undecided().length === 0 || (await this.#offer());
    } catch (error) {
      this.#end(error);
    }
    const silent = transient(this.#client.peer.name, "4.3.0", "the transaction ended early");
    const outcomes = this.#outcomes.map((outcome) => outcome ?? silent);
    return { outcomes, isDown: false, isUsable, isStale: this.#isStale };
  }

  /** Whether the connection may carry another transaction. */
  async #offer(): Promise<boolean> {
    const { peer, extensions } = this.#client;
    const { limits, carriage } = this.#parts;
    const data = extensions.has("PIPELINING") ? await this.#offerAtOnce() : await this.#offerInTurn();
    if (data?.code !== 354) {
      if (data !== null) this.#fill(outcomeOf(peer.name, data, "DATA"));
      peer.write("RSET\r\n");
      return isPositive(await this.#reply(limits.command));
    }
    if (this.#undecided().length === 0) {
      // 354 although every recipient was refused: a lone dot, to nobody (RFC 2920 §3.1).
      peer.write(".\r\n");
      return (await this.#reply(limits.endOfContent)).code !== 421;
    }
    this.#phase = "content";
    await peer.sendContent(carriage.content, limits.content);
    this.#phase = "after the dot";
    const end = await this.#reply(limits.endOfContent);
    const outcome = outcomeOf(peer.name, end, "the message");
    // A host that speaks DSN took the duty to report over together with the message (RFC 3461 §5.2.1).
    this.#fill(isPositive(end) ? { ...outcome, peerReports: extensions.has("DSN") } : outcome);
    return end.code !== 421;
  }

  /** MAIL, all RCPT and DATA in one write (RFC 2920 §3.1). Returns the reply to DATA. */
  async #offerAtOnce(): Promise<PeerReply> {
    const { limits } = this.#parts;
    const offered = this.#undecided();
    const lines = [this.#mailLine(), ...offered.map((index) => this.#rcptLine(index)), "DATA\r\n"];
    this.#client.peer.write(lines.join(""));
    const isAccepted = this.#takeMail(await this.#reply(limits.command));
    for (const index of offered) {
      const reply = await this.#reply(limits.command);
      if (isAccepted) this.#takeRcpt(index, reply);
    }
    return this.#reply(limits.data);
  }

  /** The same a line at a time. `null`: nothing is left to send. */
  async #offerInTurn(): Promise<PeerReply | null> {
    const { peer } = this.#client;
    const { limits } = this.#parts;
    peer.write(this.#mailLine());
    if (!this.#takeMail(await this.#reply(limits.command))) return null;
    for (const index of this.#undecided()) {
      peer.write(this.#rcptLine(index));
      this.#takeRcpt(index, await this.#reply(limits.command));
    }
    if (this.#undecided().length === 0) return null;
    peer.write("DATA\r\n");
    return this.#reply(limits.data);
  }

  async #reply(timeoutMs: number): Promise<PeerReply> {
    const reply = await this.#client.peer.reply(timeoutMs);
    this.#hasHeard = true;
    return reply;
  }

  /** A refused sender is refused for every recipient. */
  #takeMail(reply: PeerReply): boolean {
    if (isPositive(reply)) return true;
    // The host was about to close, whatever would have come (RFC 5321 §3.8).
    this.#isStale = reply.code === 421;
    this.#fill(outcomeOf(this.#client.peer.name, reply, "MAIL"));
    return false;
  }

  #takeRcpt(index: number, reply: PeerReply): void {
    if (!isPositive(reply)) this.#outcomes[index] = outcomeOf(this.#client.peer.name, reply, "RCPT");
  }

  #undecided(): number[] {
    return this.#outcomes.flatMap((outcome, index) => (outcome === null ? [index] : []));
  }

  /** For all of which nothing is known yet. */
  #fill(outcome: RecipientOutcome): void {
    for (const index of this.#undecided()) this.#outcomes[index] = outcome;
  }

  /** The connection ended, or the content could not be read: what was said before stands. */
  #end(error: unknown): void {
    const { peer } = this.#client;
    if (!(error instanceof PeerLost)) {
      // No dot was sent: the host keeps nothing (RFC 5321 §4.1.1.4).
      peer.close();
      return this.#fill(unreadable(peer.name, error));
    }
    // A host that has had enough says so before the dot and closes: that is more than "closed".
    const early = this.#phase === "content" ? peer.unread : null;
    if (early !== null && early.code >= 400)
      return this.#fill(outcomeOf(peer.name, early, "the message, before its end"));
    this.#isStale ||= !this.#hasHeard;
    // RFC 1047, O-37: the host may have taken it without our hearing so.
    const doubt = this.#phase === "after the dot" ? "; it may have been delivered: a duplicate is possible" : "";
    this.#fill(transient(peer.name, "4.4.2", `${error.message}${doubt}`));
  }

  #mailLine(): string {
    const { extensions } = this.#client;
    const { message, carriage } = this.#parts;
    let line = `MAIL FROM:<${message.reversePath}>`;
    if (extensions.has("SIZE") && carriage.size !== null) line += ` SIZE=${carriage.size}`;
    if (carriage.isEightBit) line += " BODY=8BITMIME";
    if (carriage.usesUtf8) line += " SMTPUTF8";
    if (extensions.has("DSN")) {
      if (message.ret !== null) line += ` RET=${message.ret}`;
      if (message.envid !== null) line += ` ENVID=${message.envid}`;
    }
    return `${line}\r\n`;
  }

  #rcptLine(index: number): string {
    const { message, carriage } = this.#parts;
    const { forwardPath, notify, orcpt } = message.recipients[index]!;
    let line = `RCPT TO:<${forwardPath}>`;
    if (this.#client.extensions.has("DSN")) {
      if (notify !== null) line += ` NOTIFY=${notify}`;
      if (orcpt !== null) line += ` ORCPT=${carriage.usesUtf8 ? orcpt : asciiOriginalRecipient(orcpt)}`;
    }
    return `${line}\r\n`;
  }
}

function outcomeOfFlaw(host: string, { status, said }: Flaw): RecipientOutcome {
  return { result: "permanent", code: null, status, said, host };
}

function unreadable(host: string, error: unknown): RecipientOutcome {
  const words = error instanceof Error ? error.message : String(error);
  return transient(host, "4.3.0", `the message could not be read: ${words}`);
}
