import assert from "node:assert/strict";
import type { Given, MailboxBook, Operation } from "./mailbox-book.ts";

/** A message as it is found; its octets were compared already. */
export type Found = { readonly number: number; readonly uid: number; readonly flags: string };

export type FoundMailbox = {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modseq: number;
  readonly messages: readonly Found[];
};

/** What was found of one account, compared with its book, operations that were under way included. */
export class Outcome {
  readonly #book: MailboxBook;
  readonly #found: ReadonlyMap<string, FoundMailbox>;
  /** What nothing explains yet: name of the mailbox → UID → message. */
  readonly #unexplained = new Map<string, Map<number, Found>>();
  /** Operations under way that turn out to have happened. */
  happened = 0;

  constructor(book: MailboxBook, found: readonly FoundMailbox[]) {
    this.#book = book;
    this.#found = new Map(found.map((mailbox) => [mailbox.name, mailbox]));
    for (const { name, messages } of found) {
      this.#unexplained.set(name, new Map(messages.map((message) => [message.uid, message])));
    }
  }

  /**
   * Brings the book to what is there. Throws an `AssertionError` when something acknowledged is missing or changed, something that
   * went is back, a UID is given again, or an operation under way happened by half. Returns what came by SMTP.
   */
  settle(underWay: readonly Operation[]): readonly { readonly mailbox: number; readonly found: Found }[] {
    const { mailboxes: ofMailboxes, messages: ofMessages } = Object.groupBy(underWay, (operation) =>
      ["create", "rename", "delete"].includes(operation.do) ? "mailboxes" : "messages",
    );
    for (const operation of ofMailboxes ?? []) if (this.#hasHappened(operation)) this.#apply(operation);
    this.#settleMailboxes();
    const touched = new Set((ofMessages ?? []).flatMap((operation) => namesIn(operation)));
    for (const [message, { mailbox, uid, flags, number }] of this.#book.messages) {
      if (touched.has(message)) continue;
      this.#explain(mailbox, { uid, flags, number });
    }
    for (const operation of ofMessages ?? []) this.#settleMessages(operation);
    const rest = [...this.#unexplained].flatMap(([name, left]) =>
      [...left.values()].map((found) => ({ mailbox: this.#book.called(name) ?? assert.fail(name), found })),
    );
    for (const { mailbox, found } of rest) {
      const { name } = this.#book.mailbox(mailbox);
      assert.equal(name, "INBOX", `message ${found.number} is in ${name} with UID ${found.uid}: nobody put it there`);
    }
    return rest;
  }

  /** Counters only go up. After what came by SMTP is in the book too. */
  finish(): void {
    for (const [mailbox, noted] of this.#book.mailboxes) {
      const { uidNext, modseq, uidValidity, name } = this.#found.get(noted.name) ?? assert.fail(noted.name);
      assert.ok(uidNext > this.#book.highestUid(mailbox), `${name}: UIDNEXT ${uidNext} was given already`);
      assert.ok(uidNext >= noted.uidNext, `${name}: UIDNEXT ${uidNext} was ${noted.uidNext}`);
      assert.ok(modseq >= noted.modseq, `${name}: HIGHESTMODSEQ ${modseq} was ${noted.modseq}`);
      this.#book.see(mailbox, { uidValidity, uidNext, modseq });
    }
  }

  #apply(operation: Operation, given: Given | null = null): void {
    this.happened++;
    this.#book.apply(operation, given);
  }

  #hasHappened(operation: Operation): boolean {
    switch (operation.do) {
      case "create":
        return this.#allOrNone(operation.mailboxes, "made");
      case "rename":
        return this.#allOrNone(operation.mailboxes, "renamed");
      case "delete":
        return !this.#found.has(this.#book.mailbox(operation.mailbox).name);
      default:
        return false;
    }
  }

  #allOrNone(mailboxes: readonly { readonly name: string }[], done: string): boolean {
    const there = mailboxes.filter(({ name }) => this.#found.has(name));
    assert.ok(
      there.length === 0 || there.length === mailboxes.length,
      `of ${mailboxes.length} mailboxes ${there.length} were ${done}`,
    );
    return there.length > 0;
  }

  /** The same names on both sides, and each the mailbox that it was. */
  #settleMailboxes(): void {
    const names = [...this.#book.mailboxes.values()].map(({ name }) => name);
    assert.deepEqual([...this.#found.keys()].toSorted(), names.toSorted(), "mailboxes");
    for (const [mailbox, { name, uidValidity: noted }] of this.#book.mailboxes) {
      const { uidValidity } = this.#found.get(name) ?? assert.fail();
      if (noted !== null) assert.equal(uidValidity, noted, `UIDVALIDITY of ${name}`);
      else assert.ok(!this.#book.isKnown(uidValidity), `${name}: UIDVALIDITY ${uidValidity} is given again`);
      this.#book.see(mailbox, { uidValidity });
    }
  }

  #isThere(mailbox: number, uid: number): boolean {
    return this.#unexplained.get(this.#book.mailbox(mailbox).name)?.has(uid) ?? false;
  }

  #explain(mailbox: number, expected: Found): void {
    const { name } = this.#book.mailbox(mailbox);
    const left = this.#unexplained.get(name) ?? assert.fail(name);
    const found = left.get(expected.uid) ?? assert.fail(`message ${expected.number}, UID ${expected.uid} of ${name}`);
    assert.deepEqual(found, expected, name);
    left.delete(expected.uid);
  }

  #settleMessages(operation: Operation): void {
    switch (operation.do) {
      case "store":
        return this.#settleFlags(operation);
      case "expunge": {
        const [whole] = this.#wholeOf(operation.messages);
        if (whole === "none") this.#apply(operation);
        else this.#explainAll(operation.messages);
        return;
      }
      case "append":
        return this.#settleArrival(operation, { numbers: operation.messages, flags: () => operation.flags });
      case "copy":
        this.#explainAll(operation.messages);
        return this.#settleArrival(operation, this.#theSame(operation.messages));
      case "move": {
        const [whole, text] = this.#wholeOf(operation.messages);
        if (whole === "all") return this.#explainAll(operation.messages);
        const given = this.#arrived(operation.to, this.#theSame(operation.messages));
        this.#apply(operation, given ?? assert.fail(`${text} went, and came nowhere`));
        return;
      }
      default:
        assert.fail(operation.do);
    }
  }

  #settleFlags(operation: Extract<Operation, { readonly do: "store" }>): void {
    const before = operation.messages.map((message) => this.#book.message(message));
    const changed = before.filter(({ mailbox, uid, flags }, index) => {
      const { name } = this.#book.mailbox(mailbox);
      const found = this.#unexplained.get(name)?.get(uid)?.flags;
      return flags !== operation.flags[index] && found === operation.flags[index];
    });
    if (changed.length > 0) this.#apply(operation);
    this.#explainAll(operation.messages);
  }

  #explainAll(messages: readonly number[]): void {
    for (const message of messages) {
      const { mailbox, uid, flags, number } = this.#book.message(message);
      this.#explain(mailbox, { uid, flags, number });
    }
  }

  /** Whether all of the messages are where the book has them, or none of them. */
  #wholeOf(messages: readonly number[]): ["all" | "none", string] {
    const noted = messages.map((message) => this.#book.message(message));
    const there = noted.filter(({ mailbox, uid }) => this.#isThere(mailbox, uid));
    const text = `messages ${noted.map(({ number }) => number).join()}`;
    assert.ok(there.length === 0 || there.length === noted.length, `of ${text} some went`);
    return [there.length === 0 ? "none" : "all", text];
  }

  #theSame(messages: readonly number[]): Arriving {
    const noted = messages.map((message) => this.#book.message(message));
    return { numbers: noted, flags: (index) => noted[index]?.flags ?? assert.fail() };
  }

  #settleArrival(operation: Extract<Operation, { readonly do: "append" | "copy" }>, arriving: Arriving): void {
    const given = this.#arrived(operation.to, arriving);
    if (given !== null) this.#apply(operation, given);
  }

  /** Where messages that were on their way into a mailbox are in it; null: none of them is. */
  #arrived(mailbox: number, { numbers, flags }: Arriving): Given | null {
    const { name, uidValidity } = this.#book.mailbox(mailbox);
    const left = this.#unexplained.get(name) ?? assert.fail(name);
    const byUid = [...left.values()].toSorted((one, other) => one.uid - other.uid);
    const uids: number[] = [];
    for (const [index, { number }] of numbers.entries()) {
      const found = byUid.find((one) => one.number === number && !uids.includes(one.uid));
      if (found === undefined) continue;
      assert.equal(found.flags, flags(index), `flags of message ${number} in ${name}`);
      assert.ok(found.uid > (uids.at(-1) ?? 0), "the order stays");
      uids.push(found.uid);
    }
    const text = `messages ${numbers.map(({ number }) => number).join()} in ${name}`;
    assert.ok(uids.length === 0 || uids.length === numbers.length, `${text}: some are there`);
    for (const uid of uids) left.delete(uid);
    return uids.length === 0 ? null : { uidValidity: uidValidity ?? assert.fail(), uids };
  }
}

type Arriving = {
  readonly numbers: readonly { readonly number: number }[];
  readonly flags: (index: number) => string;
};

/** Messages that were there before it. */
function namesIn(operation: Operation): readonly number[] {
  switch (operation.do) {
    case "copy":
    case "move":
    case "store":
    case "expunge":
      return operation.messages;
    default:
      return [];
  }
}
