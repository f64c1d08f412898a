import assert from "node:assert/strict";
import type { Answer, ImapClient } from "./imap-client.ts";
import type { Given, MailboxBook, Noted, Operation } from "./mailbox-book.ts";
import { foundIn, namesIn, sorted } from "./mailbox-look.ts";
import { numberedMessage, type Size } from "./numbered-message.ts";
import type { Random } from "./seeded.ts";

/** Lanes of an account: each changes messages whose numbers are its own, so that what becomes of one never depends on two. */
export const lanes = 4;

/** Mailboxes of which all lanes make use; each lane has further ones of its own. */
const shared = ["INBOX", "Archive", "Work"];
const flagNames = ["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "Urgent", "later-on"];
/** An operation, and how often it comes. */
const weights = { append: 6, copy: 3, move: 7, store: 4, expunge: 4, mailbox: 2, look: 3 } as const;
const chosen = Object.entries(weights).flatMap(([name, weight]) =>
  Array.from({ length: weight }, () => name as keyof typeof weights),
);

export type LaneParts = {
  readonly lane: number;
  readonly book: MailboxBook;
  readonly random: Random;
  /** A name in the book that nothing else has. */
  readonly nextName: () => number;
  /** Number of a message to append; those of a lane leave the lane's as remainder. */
  readonly nextNumber: () => number;
  /** Of a message: did it come by SMTP? */
  readonly isDelivered: (number: number) => boolean;
};

/** An operation that was acknowledged, and the tagged line that did. */
export type Done = { readonly operation: Operation; readonly given: Given | null; readonly text: string };

type Round = {
  readonly client: ImapClient;
  readonly acknowledged: (done: Done) => void;
  /** The server was told to end: it may say NO. */
  readonly isEnding: () => boolean;
  /** Of what is appended; all sizes when it is not said. */
  readonly size?: Size | undefined;
};

/** One session after the other that changes the mail of an account at random. */
export class MailboxLane {
  readonly lane: number;
  readonly #parts: LaneParts;
  readonly #book: MailboxBook;
  readonly #random: Random;
  #round: Round | null = null;
  #selected: number | null = null;
  /** What was begun and not answered. */
  #underWay: Operation | null = null;
  readonly count: Record<string, number> = {};

  constructor(parts: LaneParts) {
    this.#parts = parts;
    this.lane = parts.lane;
    this.#book = parts.book;
    this.#random = parts.random;
  }

  /** Goes on until the connection ends, or to the number of operations. */
  async run(round: Round, most = Infinity): Promise<void> {
    this.#round = round;
    this.#selected = null;
    for (let done = 0; done < most; done++) if (!(await this.#act())) return;
  }

  /** What was begun and not answered, once. */
  takeUnderWay(): readonly Operation[] {
    const underWay = this.#underWay;
    this.#underWay = null;
    return underWay === null ? [] : [underWay];
  }

  /** False: the connection has ended. */
  #act(): Promise<boolean> {
    if (this.lane === 0) {
      const missing = shared.find((name) => this.#book.called(name) === null);
      if (missing !== undefined) return this.#create(missing);
    }
    const what = this.#random.pick(chosen);
    switch (what) {
      case "append":
        return this.#append();
      case "mailbox":
        return this.#changeMailboxes();
      case "look":
        return this.#look();
      case "copy":
      case "move":
      case "store":
      case "expunge":
        return this.#onMessages(what);
      default:
        return what satisfies never;
    }
  }

  async #append(): Promise<boolean> {
    const to = this.#target();
    const many = this.#random.next() < 0.2 ? this.#random.between(2, 3) : 1;
    const messages = Array.from({ length: many }, () => ({
      message: this.#parts.nextName(),
      number: this.#parts.nextNumber(),
    }));
    const flags = this.#flags();
    const pieces = messages.flatMap(({ number }) => [
      `${flags} `,
      numberedMessage(number, this.#round?.size).bytes,
      " ",
    ]);
    return this.#perform(
      { do: "append", to, messages, flags: sorted(flags) },
      [`APPEND ${this.#quoted(to)} `, ...pieces.slice(0, -1)],
      ({ text }) => givenBy(/\[APPENDUID (\d+) ([\d:,]+)\]/.exec(text)),
    );
  }

  async #onMessages(what: "copy" | "move" | "store" | "expunge"): Promise<boolean> {
    const messages = this.#some();
    if (messages.length === 0) return this.#append();
    const uids = messages.map((message) => this.#book.message(message).uid).join();
    if (!(await this.#select(this.#book.message(messages[0] ?? assert.fail()).mailbox))) return false;
    switch (what) {
      case "store":
        return this.#store(messages, uids);
      case "expunge": {
        const flags = messages.map((message) => changed(this.#book.message(message).flags, "+", "(\\Deleted)"));
        const store: Operation = { do: "store", messages, flags };
        if (!(await this.#perform(store, [`UID STORE ${uids} +FLAGS.SILENT (\\Deleted)`]))) return false;
        return this.#perform({ do: "expunge", messages }, [`UID EXPUNGE ${uids}`]);
      }
      case "copy": {
        const to = this.#target();
        const as = messages.map(() => this.#parts.nextName());
        const operation: Operation = { do: "copy", messages, to, as };
        return this.#perform(operation, [`UID COPY ${uids} ${this.#quoted(to)}`], ({ text }) => copiedBy(text));
      }
      case "move": {
        const to = this.#target();
        const operation: Operation = { do: "move", messages, to };
        return this.#perform(operation, [`UID MOVE ${uids} ${this.#quoted(to)}`], ({ untagged }) =>
          copiedBy(untagged.find(({ text }) => text.includes("COPYUID"))?.text ?? ""),
        );
      }
      default:
        return what satisfies never;
    }
  }

  #store(messages: readonly number[], uids: string): Promise<boolean> {
    const how = this.#random.pick(["", "+", "-"] as const);
    const given = this.#flags();
    const flags = messages.map((message) => changed(this.#book.message(message).flags, how, given));
    return this.#perform({ do: "store", messages, flags }, [`UID STORE ${uids} ${how}FLAGS ${given}`]);
  }

  async #changeMailboxes(): Promise<boolean> {
    const own = this.#own();
    if (own.length === 0 || (own.length < 4 && this.#random.next() < 0.5)) {
      const name = this.#freeName(own);
      return this.#create(name);
    }
    const mailbox = this.#random.pick(own);
    const { name } = this.#book.mailbox(mailbox);
    // Whoever has it selected is told BYE when it goes.
    if (this.#selected === mailbox && !(await this.#select(this.#book.called("INBOX") ?? assert.fail()))) return false;
    if (this.#random.next() < 0.4) {
      return this.#perform({ do: "delete", mailbox }, [`DELETE ${this.#quoted(mailbox)}`]);
    }
    const to = this.#freeName(own);
    if (to.startsWith(`${name}/`)) return this.#append();
    const moved = own.filter((one) => one === mailbox || this.#book.mailbox(one).name.startsWith(`${name}/`));
    const mailboxes = moved.map((one) => ({
      mailbox: one,
      name: to + this.#book.mailbox(one).name.slice(name.length),
    }));
    const taken = mailboxes.some((one) => this.#book.called(one.name) !== null);
    if (taken) return this.#append();
    const parent = to.includes("/") ? (to.split("/")[0] ?? "") : "";
    // A parent that is missing would be made in the same unit: CREATE has that case.
    if (parent !== "" && this.#book.called(parent) === null) return this.#append();
    return this.#perform({ do: "rename", mailboxes }, [`RENAME ${this.#quoted(mailbox)} "${to}"`]);
  }

  #create(name: string): Promise<boolean> {
    const [parent = ""] = name.split("/");
    const names = this.#book.called(parent) === null && parent !== name ? [parent, name] : [name];
    const mailboxes = names.map((one) => ({ mailbox: this.#parts.nextName(), name: one }));
    return this.#perform({ do: "create", mailboxes }, [`CREATE "${name}"`]);
  }

  /** Takes over what has come by SMTP and is this lane's. */
  async #look(): Promise<boolean> {
    const inbox = this.#book.called("INBOX") ?? assert.fail();
    if (!(await this.#select(inbox))) return false;
    const answer = await this.#say([`UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Number)])`]);
    if (answer === null) return false;
    for (const { number, uid, flags } of answer.untagged.flatMap((told) => foundIn(told) ?? [])) {
      const isNew = this.#parts.isDelivered(number) && number % lanes === this.lane;
      if (!isNew || this.#book.delivered.has(number)) continue;
      this.#book.adopt(this.#parts.nextName(), { number, uid, flags, mailbox: inbox });
    }
    return true;
  }

  async #select(mailbox: number): Promise<boolean> {
    if (this.#selected === mailbox) return true;
    this.#selected = null;
    const answer = await this.#say([`SELECT ${this.#quoted(mailbox)}`]);
    if (answer === null) return false;
    assert.equal(answer.status, "OK", answer.text);
    this.#selected = mailbox;
    return true;
  }

  /** False: nobody answered, or the server would not any more. */
  async #perform(
    operation: Operation,
    pieces: readonly (string | Buffer)[],
    givenIn: (answer: Answer) => Given | null = () => null,
  ): Promise<boolean> {
    this.#underWay = operation;
    const answer = await this.#say(pieces);
    if (answer === null) return false;
    const given = givenIn(answer);
    this.#book.apply(operation, given);
    this.#underWay = null;
    this.count[operation.do] = (this.count[operation.do] ?? 0) + 1;
    this.#round?.acknowledged({ operation, given, text: answer.text });
    return true;
  }

  async #say(pieces: readonly (string | Buffer)[]): Promise<Answer | null> {
    const { client, isEnding } = this.#round ?? assert.fail();
    const answer = await client.say(...pieces);
    if (answer === null || answer.status === "OK") return answer;
    const said = pieces.map((piece) => (typeof piece === "string" ? piece : "{…}")).join("");
    assert.ok(isEnding(), `${said}: ${answer.text}`);
    return null;
  }

  /** Messages of one mailbox. */
  #some(): number[] {
    const own = [...this.#book.messages].filter(([, { number }]) => number % lanes === this.lane);
    if (own.length === 0) return [];
    const [first, { mailbox }] = this.#random.pick<[number, Noted]>(own);
    const more = own.filter(([message, noted]) => message !== first && noted.mailbox === mailbox);
    const most = this.#random.between(0, 6);
    // As the server counts them: the book's order may be another.
    return [first, ...more.slice(0, most).map(([message]) => message)].toSorted(
      (one, other) => this.#book.message(one).uid - this.#book.message(other).uid,
    );
  }

  #own(): number[] {
    return [...this.#book.mailboxes]
      .filter(([, { name }]) => name.startsWith(`lane${this.lane}`))
      .map(([mailbox]) => mailbox);
  }

  /** Some of few, so that names that were deleted come again. */
  #freeName(own: readonly number[]): string {
    for (;;) {
      const name = `lane${this.lane}${this.#random.pick(["a", "b", "c"])}${this.#random.next() < 0.3 ? "/sub" : ""}`;
      if (!own.some((mailbox) => this.#book.mailbox(mailbox).name === name)) return name;
    }
  }

  #target(): number {
    const names = shared.flatMap((name) => this.#book.called(name) ?? []);
    return this.#random.pick([...names, ...this.#own()]);
  }

  #quoted(mailbox: number): string {
    return `"${this.#book.mailbox(mailbox).name}"`;
  }

  #flags(): string {
    return `(${flagNames.filter(() => this.#random.next() < 0.25).join(" ")})`;
  }
}

function changed(flags: string, how: "" | "+" | "-", list: string): string {
  const [before, given] = [flags.split(" ").filter((flag) => flag !== ""), namesIn(list)];
  if (how === "") return sorted(list);
  const after = how === "+" ? [...before, ...given] : before.filter((flag) => !given.includes(flag));
  return sorted(`(${after.join(" ")})`);
}

function givenBy(found: RegExpExecArray | null): Given {
  const [, uidValidity = "", uids = ""] = found ?? assert.fail("no UIDs in the answer");
  return { uidValidity: Number(uidValidity), uids: numbersIn(uids) };
}

function copiedBy(text: string): Given {
  const found = /\[COPYUID (\d+) [\d:,]+ ([\d:,]+)\]/.exec(text);
  assert.ok(found !== null, `no COPYUID: ${text}`);
  return givenBy(found);
}

function numbersIn(set: string): number[] {
  return set.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split(":").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
