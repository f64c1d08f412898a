import assert from "node:assert/strict";

/** A message in a mailbox as it is kept in the book: its name there, which it keeps when it moves. */
export type Noted = {
  /** Of the numbered message. */
  readonly number: number;
  readonly mailbox: number;
  readonly uid: number;
  /** Sorted, a blank between them. */
  readonly flags: string;
};

export type NotedMailbox = {
  readonly name: string;
  /** null: made, and not told yet. */
  readonly uidValidity: number | null;
  /** As last looked up: whatever came since has a UID from there on, and a modification sequence that is not lower. */
  readonly uidNext: number;
  readonly modseq: number;
};

export type NewMessage = { readonly message: number; readonly number: number };

/** A change that is one for the server too: it happens as a whole or not at all. Mailboxes and messages by their names in the book. */
export type Operation =
  | { readonly do: "append"; readonly to: number; readonly messages: readonly NewMessage[]; readonly flags: string }
  | { readonly do: "copy"; readonly messages: readonly number[]; readonly to: number; readonly as: readonly number[] }
  | { readonly do: "move"; readonly messages: readonly number[]; readonly to: number }
  | { readonly do: "store"; readonly messages: readonly number[]; readonly flags: readonly string[] }
  | { readonly do: "expunge"; readonly messages: readonly number[] }
  | { readonly do: "create"; readonly mailboxes: readonly { readonly mailbox: number; readonly name: string }[] }
  | { readonly do: "rename"; readonly mailboxes: readonly { readonly mailbox: number; readonly name: string }[] }
  | { readonly do: "delete"; readonly mailbox: number };

/** What an operation that brings messages into a mailbox was answered: UIDs in the order of its messages. */
export type Given = { readonly uidValidity: number; readonly uids: readonly number[] };

/** What one account has by what was acknowledged, and which UIDs were ever given. */
export class MailboxBook {
  readonly mailboxes = new Map<number, NotedMailbox>();
  readonly messages = new Map<number, Noted>();
  /** Numbers of messages that came by SMTP and were seen. */
  readonly delivered = new Set<number>();
  /** Of every UIDVALIDITY there ever was, each UID and whose it was. */
  readonly #given = new Map<number, Map<number, number>>();

  apply(operation: Operation, given: Given | null): void {
    switch (operation.do) {
      case "append": {
        const { to: mailbox, flags } = operation;
        for (const [index, { message, number }] of operation.messages.entries()) {
          this.messages.set(message, { number, mailbox, uid: this.#next({ mailbox, given, index, number }), flags });
        }
        break;
      }
      case "copy":
        for (const [index, message] of operation.messages.entries()) {
          const as = operation.as[index] ?? assert.fail();
          this.messages.set(as, this.#placed(message, { mailbox: operation.to, given, index }));
        }
        break;
      case "move":
        for (const [index, message] of operation.messages.entries()) {
          this.messages.set(message, this.#placed(message, { mailbox: operation.to, given, index }));
        }
        break;
      case "store":
        for (const [index, message] of operation.messages.entries()) {
          this.messages.set(message, { ...this.message(message), flags: operation.flags[index] ?? assert.fail() });
        }
        break;
      case "expunge":
        for (const message of operation.messages) this.messages.delete(message);
        break;
      case "create":
        for (const { mailbox, name } of operation.mailboxes) {
          this.mailboxes.set(mailbox, { name, uidValidity: null, uidNext: 1, modseq: 1 });
        }
        break;
      case "rename":
        for (const { mailbox, name } of operation.mailboxes) {
          this.mailboxes.set(mailbox, { ...this.mailbox(mailbox), name });
        }
        break;
      case "delete":
        for (const [message, { mailbox }] of this.messages) {
          if (mailbox === operation.mailbox) this.messages.delete(message);
        }
        this.mailboxes.delete(operation.mailbox);
        break;
      default:
        operation satisfies never;
    }
  }

  /** A message that came by SMTP is there. */
  adopt(message: number, noted: Noted): void {
    assert.ok(!this.delivered.has(noted.number), `message ${noted.number} came twice`);
    this.delivered.add(noted.number);
    this.#note(noted.mailbox, noted.uid, noted.number);
    this.messages.set(message, noted);
  }

  /** What a mailbox was seen to be. */
  see(mailbox: number, seen: Pick<NotedMailbox, "uidValidity"> & Partial<NotedMailbox>): void {
    const { uidValidity } = seen;
    const known = this.mailboxes.get(mailbox) ?? { name: seen.name ?? assert.fail(), uidNext: 1, modseq: 1 };
    if (uidValidity !== null && !this.#given.has(uidValidity)) this.#given.set(uidValidity, new Map());
    this.mailboxes.set(mailbox, { ...known, ...seen });
  }

  /** Whether this UIDVALIDITY was that of any mailbox before. */
  isKnown(uidValidity: number): boolean {
    return this.#given.has(uidValidity);
  }

  /** Whether all that an operation names is there. */
  mayBegin(operation: Operation): boolean {
    const mailboxes =
      "to" in operation
        ? [operation.to]
        : operation.do === "rename"
          ? operation.mailboxes.map(({ mailbox }) => mailbox)
          : operation.do === "delete"
            ? [operation.mailbox]
            : [];
    const messages = "messages" in operation && operation.do !== "append" ? operation.messages : [];
    return mailboxes.every((one) => this.mailboxes.has(one)) && messages.every((one) => this.messages.has(one));
  }

  /** Highest UID of a mailbox that anybody was told of. */
  highestUid(mailbox: number): number {
    const { uidValidity } = this.mailbox(mailbox);
    return uidValidity === null ? 0 : Math.max(0, ...(this.#given.get(uidValidity)?.keys() ?? []));
  }

  message(message: number): Noted {
    return this.messages.get(message) ?? assert.fail(`message ${message} is not in the book`);
  }

  mailbox(mailbox: number): NotedMailbox {
    return this.mailboxes.get(mailbox) ?? assert.fail(`mailbox ${mailbox} is not in the book`);
  }

  called(name: string): number | null {
    for (const [mailbox, noted] of this.mailboxes) if (noted.name === name) return mailbox;
    return null;
  }

  #placed(
    message: number,
    where: { readonly mailbox: number; readonly given: Given | null; readonly index: number },
  ): Noted {
    const noted = this.message(message);
    const { number } = noted;
    return { ...noted, mailbox: where.mailbox, uid: this.#next({ ...where, number }) };
  }

  #next(to: {
    readonly mailbox: number;
    readonly given: Given | null;
    readonly index: number;
    readonly number: number;
  }): number {
    const given = to.given ?? assert.fail("no UIDs were given");
    const { uidValidity } = this.mailbox(to.mailbox);
    if (uidValidity === null) {
      assert.ok(!this.isKnown(given.uidValidity), `UIDVALIDITY ${given.uidValidity} is given again`);
      this.see(to.mailbox, { uidValidity: given.uidValidity });
    } else assert.equal(given.uidValidity, uidValidity);
    const uid = given.uids[to.index] ?? assert.fail(`a UID is missing for message ${to.number}`);
    this.#note(to.mailbox, uid, to.number);
    return uid;
  }

  #note(mailbox: number, uid: number, number: number): void {
    const { uidValidity, uidNext, name } = this.mailbox(mailbox);
    const given = this.#given.get(uidValidity ?? assert.fail()) ?? assert.fail();
    assert.ok(!given.has(uid), `UID ${uid} of ${name} was message ${given.get(uid)} and is given to message ${number}`);
    assert.ok(uid >= uidNext, `UID ${uid} of ${name} lies below ${uidNext}`);
    given.set(uid, number);
  }
}
