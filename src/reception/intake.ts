import { addressOf } from "../accounts/account.ts";
import type { Directory } from "../accounts/directory.ts";
import type { Expansion } from "../accounts/expansion.ts";
import { formatAddress } from "../address/path.ts";
import type { Address } from "../address/address.ts";
import type { Emit } from "../events/emit.ts";
import type { Delivered, FinalDelivery } from "../mailboxes/final-delivery.ts";
import { formatReceived, returnPathField } from "../message/trace.ts";
import { StructureReader } from "../message/structure-reader.ts";
import { structureRead } from "../mailboxes/structures.ts";
import type { QueuedRecipient, QueueEntry } from "../queue/entry.ts";
import { notifyBehindAlias, wantsReport } from "../queue/fate.ts";
import type { ContentDecoder } from "../smtp/content-decoder.ts";
import type { Reply } from "../smtp/reply.ts";
import * as replies from "../smtp/replies.ts";
import type { RcptParameters } from "../smtp/parameters.ts";
import type { Session, Transaction } from "../smtp/server-session.ts";
import type { Contents, ContentWriter, StoredContent } from "../store/content.ts";
import type { Claim, Handover } from "../store/handover.ts";
import type { Journal } from "../store/journal.ts";
import type { Report, Reports } from "../store/reporting.ts";
import { insertEntry, insertRecipient } from "../store/queue.ts";
import type { Holder, Memory } from "../store/memory.ts";
import { refOf } from "../store/ref.ts";
import { type Statement, type Store, StoreUnavailable, UnitFailed } from "../store/store.ts";
import type { Admitted } from "./gate.ts";
import { checkSenders, HeaderCollector, missingFields } from "./header-gate.ts";
import type { Visit } from "./visit.ts";

/** RFC 5321 §6.3: a threshold of at least 100 Received fields. */
const maxHops = 100;

export type IntakeContext = {
  readonly hostname: string;
  readonly store: Store;
  readonly contents: Contents;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly memory: Memory;
  readonly handover: Handover;
  readonly finalDelivery: FinalDelivery;
  /** What is said when there is no room left for it. */
  readonly mailboxFull: Reply;
  readonly reports: Reports;
  readonly now: () => number;
  readonly emit: Emit;
};

/** What the session agreed to before the content. */
export type Agreed = {
  readonly visit: Visit;
  readonly hello: NonNullable<Session["hello"]>;
  readonly transaction: Transaction;
  /** In the order of the transaction's recipients. */
  readonly admitted: readonly Admitted[];
};

/**
 * One message from 354 to the reply after the dot: trace fields first, then the content, then one unit with everything
 * that was promised. The reply 250 is made in one place, after the store has said that the unit is on stable storage.
 */
export class Intake implements Holder {
  readonly #context: IntakeContext;
  readonly #agreed: Agreed;
  readonly #id: number;
  readonly #bornAt: number;
  readonly #writer: ContentWriter;
  /** Only where somebody's header is checked or completed: a stranger's goes straight on. */
  #header: HeaderCollector | null = null;
  /** Reads along where a mailbox here may get the message: who opens it then waits for nothing. */
  readonly #structure: StructureReader | null;
  #headerSize = 0;
  /** Recipients whose mailbox is full. */
  readonly #full = new Set<number>();
  #structureStatement: Statement | null = null;
  #refusal: Reply | null = null;

  constructor(context: IntakeContext, agreed: Agreed) {
    this.#context = context;
    this.#agreed = agreed;
    this.#id = context.store.nextId();
    this.#bornAt = context.now();
    this.#writer = context.contents.create();
    this.#structure = agreed.admitted.some(isHere) ? new StructureReader() : null;
    const { account, listener } = agreed.visit;
    if (account === null && listener.kind !== "submission") this.#keep(Buffer.from(this.#received()));
    else {
      this.#header = new HeaderCollector();
      context.memory.addHolder(this);
    }
  }

  /** The socket has to wait until `drained`. */
  get isFull(): boolean {
    return this.#writer.isFull;
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  write(piece: Buffer): void {
    if (this.#refusal !== null) return;
    if (this.#header === null) return this.#keep(piece);
    if (this.#header.add(piece)) return this.#endHeader(this.#header);
    this.#headerSize += piece.length;
    // Last: it may ask us to let go.
    this.#context.memory.take(piece.length);
  }

  /** A header that is not whole yet cannot go to the disk: before the memory runs out, its message is put off. */
  letGo(isShort: boolean): void {
    if (!isShort || this.#header === null) return;
    this.#forgetHeader();
    this.#refusal = replies.storageLow;
  }

  /** What one recipient hears although others got the message: only by LMTP is there a reply for each (RFC 2033 §4.2). */
  refusalOf(index: number): Reply | null {
    return this.#full.has(index) ? this.#context.mailboxFull : null;
  }

  /**
   * Nobody is left to hear 250, so the client will send the message again: what is not committed yet is not kept (RFC 1047, field
   * case O-37).
   */
  abandon(): void {
    this.#refusal ??= replies.notStored;
  }

  discard(): void {
    this.#forgetHeader();
    this.#writer.discard();
  }

  /** After the final dot. */
  async finish(decoder: ContentDecoder): Promise<Reply> {
    if (this.#header !== null) this.#endHeader(this.#header);
    const refusal = this.#refusal ?? refusalOf(decoder);
    if (refusal !== null) return this.#refuse(refusal);
    try {
      const finished = this.#writer.finish();
      // Inline contents are ready at once: no turn of the loop is spent on them.
      const content = finished instanceof Promise ? await finished : finished;
      if (this.#refusal !== null) return this.#refuse(this.#refusal);
      return await this.#hold(content.source.bytes?.length ?? 0, this.#commit(content, decoder.hasEightBit));
    } catch (error) {
      return this.#refuse(this.#unstored(error));
    }
  }

  /** The header is whole: check whose it is, then write trace fields and header. */
  #endHeader(header: HeaderCollector): void {
    this.#forgetHeader();
    const { account } = this.#agreed.visit;
    const bytes = header.whole();
    if (account !== null) this.#refusal = checkSenders(bytes, account, this.#context.directory);
    if (this.#refusal !== null) return;
    const messageId = `<${refOf(this.#id)}@${this.#context.hostname}>`;
    const added = missingFields(bytes, { now: this.#bornAt, messageId });
    this.#keep(Buffer.from(this.#received() + added));
    for (const piece of header.pieces) this.#keep(piece);
  }

  #keep(piece: Buffer): void {
    this.#structure?.push(piece);
    this.#writer.write(piece);
  }

  #forgetHeader(): void {
    if (this.#header === null) return;
    const { memory } = this.#context;
    this.#header = null;
    memory.removeHolder(this);
    memory.give(this.#headerSize);
  }

  /** Until the store has them, octets that are in no file stay in memory. */
  async #hold(octets: number, commit: Promise<Reply>): Promise<Reply> {
    const { memory } = this.#context;
    memory.take(octets);
    try {
      return await commit;
    } finally {
      memory.give(octets);
    }
  }

  #received(): string {
    const { visit, hello, transaction } = this.#agreed;
    const [only, second] = transaction.recipients;
    return formatReceived({
      hello,
      client: visit.client,
      by: this.#context.hostname,
      id: refOf(this.#id),
      tls: visit.tls,
      isAuthenticated: visit.account !== null,
      login: visit.account?.senders === "any" ? formatAddress(addressOf(visit.account)) : null,
      smtpUtf8: transaction.mail.smtpUtf8,
      // One recipient only: the others of a blind copy must not be told (RFC 5321 §7.2).
      for: only !== undefined && second === undefined ? formatAddress(only.forwardPath) : null,
      at: this.#bornAt,
    });
  }

  async #commit(content: StoredContent, hasEightBit: boolean): Promise<Reply> {
    const { store, handover, journal } = this.#context;
    const plan = this.#plan(content, hasEightBit);
    const { finalDelivery } = this.#context;
    const found = finalDelivery.placesFor(plan.ends);
    const places = found instanceof Promise ? await found : found;
    const delivered = this.#delivered(content);
    const unit: Statement[] = [content.insert, ...finalDelivery.statements(places, delivered)];
    if (places.length > 0 && this.#structure !== null) {
      unit.push((this.#structureStatement ??= structureRead(content.id, this.#structure)));
    }
    const wanted = { recipients: plan.away.length, octets: content.source.bytes?.length ?? 0 };
    const claim = plan.away.length === 0 ? null : handover.reserve(wanted);
    const recipients = plan.away.map((recipient) => this.#born(recipient, claim));
    if (recipients.length > 0) {
      unit.push(insertEntry(plan.entry));
      for (const recipient of recipients) unit.push(insertRecipient(recipient, claim?.leaseUntil ?? 0));
    }
    const reports = await this.#successReports(plan, content);
    for (const report of reports) unit.push(...report.unit);
    for (const [index, { journalled }] of this.#agreed.admitted.entries())
      if (!this.#full.has(index)) unit.push(journal.accepted({ ...journalled, entry_id: this.#id }).statement);
    try {
      await store.commit(unit);
    } catch (error) {
      if (claim !== null) handover.release(claim);
      if (!(error instanceof UnitFailed)) throw error;
      // Somebody else's message took the room that there was at RCPT.
      const isFull = await finalDelivery.isFull(places.map(({ account }) => account));
      if (!isFull) throw error;
      if (!(await this.#leaveOutFull())) return this.#refuse(this.#context.mailboxFull);
      return this.#commit(content, hasEightBit);
    }
    // From here on the message is ours: RFC 5321 §4.2.5, §6.1.
    if (claim !== null) handover.give({ entry: plan.entry, recipients, content: content.source }, claim);
    if (reports.length > 0 || (claim === null && recipients.length > 0)) handover.wake();
    const about = refOf(this.#id);
    finalDelivery.told(places, delivered);
    for (const { message, kind, committed } of reports) {
      committed?.();
      this.#context.emit({ name: "report-composed", message, about, kind });
    }
    this.#tell(
      content.size,
      plan.delivered.map(({ original }) => original),
    );
    return replies.contentAccepted(refOf(this.#id));
  }

  /** Whether some recipients have room, so that the message is kept for them; the others are told so. */
  async #leaveOutFull(): Promise<boolean> {
    const { visit, admitted } = this.#agreed;
    if (visit.listener.kind !== "lmtp") return false;
    const before = this.#full.size;
    for (const [index, { decision }] of admitted.entries()) {
      const { destination } = decision;
      const expansion = destination?.kind === "here" ? this.#context.directory.expand(destination.address) : "none";
      if (typeof expansion === "string") continue;
      if (await this.#context.finalDelivery.isFull(expansion.mailboxes)) this.#full.add(index);
    }
    return this.#full.size > before && this.#full.size < admitted.length;
  }

  /**
   * The reports that a sender asked for about what is delivered here (RFC 3461 §5.2.4), or went on to several recipients (§5.2.7.3), in
   * the same unit.
   */
  async #successReports({ entry, delivered, expanded }: Plan, content: StoredContent) {
    const kinds = [
      { kind: "success", about: delivered.filter((one) => !expanded.includes(one)), said: "delivered here" },
      { kind: "expanded", about: expanded, said: "passed on to the recipients behind it" },
    ] as const;
    const reports: (Report & { readonly kind: "success" | "expanded" })[] = [];
    for (const { kind, about, said } of kinds) {
      const told = about.filter(({ rcpt }) => wantsReport("SUCCESS", rcpt, entry));
      if (told.length === 0) continue;
      const outcome = { result: "accepted", code: null, status: "2.0.0", said, host: null } as const;
      const recipients = told.map((recipient) => ({
        recipient: this.#born(recipient, null),
        outcome,
        lastAttemptAt: this.#bornAt,
        willRetryUntil: null,
      }));
      const report = await this.#context.reports.reportOn({ kind, entry, content: content.source, recipients });
      if (report !== null) reports.push({ ...report, kind });
    }
    return reports;
  }

  /** Which mailboxes here, which addresses away; each once, however many recipients lead there. */
  #plan(content: StoredContent, hasEightBit: boolean): Plan {
    const { visit, transaction, admitted } = this.#agreed;
    const ends: Expansion[] = [];
    const away = new Map<string, Addressed>();
    const delivered: Addressed[] = [];
    const expanded: Addressed[] = [];
    transaction.recipients.forEach(({ forwardPath, rcpt }, index) => {
      if (this.#full.has(index)) return;
      const destination = admitted[index]?.decision.destination;
      if (destination === undefined) throw new Error(`recipient ${index} was admitted without a destination`);
      const original = formatAddress(forwardPath);
      if (destination.kind === "away") {
        away.set(formatAddress(destination.address), { address: destination.address, original, rcpt });
        return;
      }
      const expansion = this.#context.directory.expand(destination.address);
      // Deleted between RCPT and the dot.
      if (typeof expansion === "string") throw new Error("a recipient was removed while its message was received");
      ends.push(expansion);
      const one = { address: forwardPath, original, rcpt };
      if (expansion.mailboxes.length > 0) delivered.push(one);
      const isExpanded = expansion.away.length > 0 && expansion.away.length + expansion.mailboxes.length > 1;
      if (isExpanded) expanded.push(one);
      const handedOn = isExpanded ? { ...rcpt, notify: notifyBehindAlias(rcpt.notify) } : rcpt;
      for (const address of expansion.away) {
        const key = formatAddress(address);
        if (!away.has(key)) away.set(key, { address, original, rcpt: handedOn });
      }
    });
    const entry: QueueEntry = {
      id: this.#id,
      contentId: content.id,
      size: content.size,
      reversePath: transaction.reversePath === null ? "" : formatAddress(transaction.reversePath),
      bornAt: this.#bornAt,
      body: transaction.mail.body === "8BITMIME" || hasEightBit ? "8BITMIME" : "7BIT",
      smtpUtf8: transaction.mail.smtpUtf8,
      ret: transaction.mail.ret,
      envid: transaction.mail.envid,
      listener: visit.listener.name,
      client: visit.clientText,
      account: visit.account === null ? null : formatAddress(addressOf(visit.account)),
    };
    return { entry, ends, away: [...away.values()], delivered, expanded };
  }

  #born({ address, original, rcpt }: Addressed, claim: Claim | null): QueuedRecipient {
    const forwardPath = formatAddress(address);
    return {
      id: this.#context.store.nextId(),
      entryId: this.#id,
      forwardPath,
      originalPath: original === forwardPath ? null : original,
      orcpt: rcpt.orcpt,
      notify: rcpt.notify,
      dueAt: claim?.dueAt ?? this.#bornAt,
      attempts: claim === null ? 0 : 1,
      isDelayReported: false,
    };
  }

  #delivered(content: StoredContent): Delivered {
    return {
      contentId: content.id,
      contentSize: content.size,
      prefix: returnPathField(this.#agreed.transaction.reversePath),
      at: this.#bornAt,
    };
  }

  #tell(size: number, delivered: readonly string[]): void {
    const { emit } = this.#context;
    const { visit, transaction } = this.#agreed;
    const message = refOf(this.#id);
    emit({
      name: "message-accepted",
      session: visit.session,
      message,
      client: visit.clientText,
      account: visit.account === null ? null : formatAddress(addressOf(visit.account)),
      reversePath: transaction.reversePath === null ? "" : formatAddress(transaction.reversePath),
      recipients: transaction.recipients.length,
      size,
    });
    for (const forwardPath of delivered) {
      emit({ name: "recipient-finished", message, forwardPath, outcome: "delivered", host: null, said: null });
    }
  }

  #unstored(error: unknown): Reply {
    const problem = error instanceof Error ? error.message : String(error);
    this.#context.emit({ name: "trouble", doing: "storing a message", problem });
    return error instanceof StoreUnavailable && error.isFull ? replies.storageLow : replies.notStored;
  }

  #refuse(reply: Reply): Reply {
    this.#writer.discard();
    const { visit, transaction } = this.#agreed;
    this.#context.emit({
      name: "message-refused",
      session: visit.session,
      client: visit.clientText,
      reversePath: transaction.reversePath === null ? "" : formatAddress(transaction.reversePath),
      code: reply.code,
      reason: reply.lines[0] ?? "",
    });
    return reply;
  }
}

function isHere({ decision }: Admitted): boolean {
  return decision.destination?.kind === "here";
}

/** A recipient with what it became, and the name that the client gave. */
type Addressed = { readonly address: Address; readonly original: string; readonly rcpt: RcptParameters };

type Plan = {
  readonly entry: QueueEntry;
  /** Where recipients of ours end. */
  readonly ends: readonly Expansion[];
  readonly away: readonly Addressed[];
  /** Recipients that reach a mailbox here, by the name that the client gave. */
  readonly delivered: readonly Addressed[];
  /** … and those that stand for several, of which some are elsewhere. */
  readonly expanded: readonly Addressed[];
};

function refusalOf(decoder: ContentDecoder): Reply | null {
  if (decoder.flaw === "too-large") return replies.messageTooBig;
  if (decoder.flaw === "bare-line-end") return replies.bareLineEnds;
  if (decoder.receivedFields > maxHops) return replies.mailLoop;
  return null;
}
