import { type Interval, join, type Neighbours, without } from "../address/intervals.ts";
import { type Enabled, tellsRecent, tellsUidUnasked, tellsVanished } from "./enabled.ts";
import { formatFlags } from "./flags.ts";
import type { MailboxChanges } from "./mail.ts";
import { type Numbers, numbersOf, type NumberSet } from "./number-set.ts";

/** What was open in the mailbox when it was selected. */
export type Opened = {
  readonly uids: Numbers;
  readonly highestModseq: number;
  readonly recentFrom: number;
};

/**
 * The messages of the selected mailbox as this client knows them: numbers ↔ UIDs, and what it was told. Numbers change only by the
 * lines that `news` returns, so that whoever sends those lines at once can never send a wrong number (RFC 9051 §7.5.1,
 * RFC 3501 §5.5). Runs of UIDs take a few octets each, so that an idle session of a large mailbox is small.
 */
export class View {
  #runs: Runs;
  #modseq: number;
  readonly #recentFrom: number;
  /** Gone from the mailbox, and still numbered here because nobody could be told yet. */
  #gone: Numbers = [];
  /** Flags that the client was told ahead of `news`: UID → modification sequence. */
  #told: Map<number, number> | null = null;
  /** Messages whose flags changed while the client did not want to hear of flags (RFC 5465). */
  #untold: Set<number> | null = null;
  /** The result of the last SEARCH with SAVE: "$" (RFC 9051 §6.4.4.1). */
  saved: Numbers = [];

  constructor({ uids, highestModseq, recentFrom }: Opened) {
    this.#runs = new Runs(uids);
    this.#modseq = highestModseq;
    this.#recentFrom = recentFrom;
  }

  /** How many messages the client knows of. */
  get count(): number {
    return this.#runs.count;
  }

  /** Of what the mailbox has, everything up to this modification sequence was looked at. */
  get modseq(): number {
    return this.#modseq;
  }

  /** How many of them are \Recent (RFC 3501 §2.3.2). */
  get recent(): number {
    return this.count - this.#runs.countBelow(this.#recentFrom);
  }

  /** Whether some of them are gone from the mailbox: what is asked about them stays unanswered (EXPUNGEISSUED, RFC 5530). */
  get hasGone(): boolean {
    return this.#gone.length > 0;
  }

  get uids(): Numbers {
    return this.#runs.uids();
  }

  /** Messages whose flags are not those that the client was told, ascending. */
  get untold(): Numbers {
    return this.#untold === null ? [] : numbersOf([...this.#untold].sort((a, b) => a - b));
  }

  isRecent(uid: number): boolean {
    return uid >= this.#recentFrom;
  }

  /** The message number of a UID; 0: the client knows of no such message. */
  numberOf(uid: number): number {
    return this.#runs.numberOf(uid);
  }

  /** The UID of a message number; 0: there is no such number. */
  uidAt(number: number): number {
    return this.#runs.at(number);
  }

  /** The message numbers of these UIDs; those that the client does not know of are left out. */
  numbersOf(uids: Numbers): Numbers {
    const known = this.#known(uids);
    return join(
      known.map(({ first, last }) => ({ first: this.numberOf(first), last: this.numberOf(last) })),
      whole,
    );
  }

  /** The UIDs of these message numbers; those beyond the last are left out. */
  uidsOf(numbers: Numbers): Numbers {
    return numbers.flatMap(({ first, last }) => {
      if (first > this.count) return [];
      return this.#runs.uids(this.uidAt(first), this.uidAt(Math.min(last, this.count)));
    });
  }

  /**
   * The UIDs that a set of the client names. null: it names a message number that is not there, which is BAD (RFC 9051 §9 `seq-number`;
   * field case O-40). UIDs that are not there are no fault; neither is "n:*" with n beyond the last message: clients ask so for what
   * is new, and it means the last one.
   */
  resolve(set: NumberSet, { byUid }: { readonly byUid: boolean }): Numbers | null {
    if (set === "$") return this.#known(this.saved);
    if (byUid) return this.#known(this.span(set));
    const isBeyond = (end: number | "*") => end !== "*" && end > this.count;
    if (set.some(({ from, to }) => from !== "*" && to !== "*" && (isBeyond(from) || isBeyond(to)))) return null;
    return this.uidsOf(joined(set, this.count));
  }

  /** The UIDs that a set names, whether they are there or not. */
  span(set: NumberSet): Numbers {
    return set === "$" ? this.saved : joined(set, this.uidAt(this.count));
  }

  #known(uids: Numbers): Interval<number>[] {
    return uids.flatMap(({ first, last }) => this.#runs.uids(first, last));
  }

  /** The client has just been told the flags of a message as of this modification sequence: `news` does not say it again. */
  toldFlags(uid: number, modseq: number): void {
    this.#untold?.delete(uid);
    if (modseq > this.#modseq) (this.#told ??= new Map()).set(uid, modseq);
  }

  /** Whether the client knows the flags that a message had at this modification sequence. */
  knowsFlags(uid: number, modseq: number): boolean {
    if (this.#untold?.has(uid) === true) return false;
    return modseq <= this.#modseq || this.#told?.get(uid) === modseq;
  }

  /** What `news` would take out: for searches that are told before, while numbers still stand. */
  leaving({ vanished }: MailboxChanges, mayExpunge: boolean): Numbers {
    return mayExpunge ? this.#known(join([...this.#gone, ...vanished], whole)) : [];
  }

  /**
   * What has happened since `modseq`, as lines, in the order EXPUNGE, EXISTS, RECENT, FETCH. `mayExpunge`: false while a command runs
   * that names messages by number (RFC 9051 §7.5.1); what went is then told by a later call.
   */
  news(changes: MailboxChanges, { mayExpunge, enabled, ...how }: NewsOptions): News {
    const { tellsFlags = true, tellsUid = tellsUidUnasked(enabled) } = how;
    const added = without(without(changes.added, this.uids, whole), changes.vanished, whole);
    const gone = this.#known(join([...this.#gone, ...changes.vanished], whole));
    let lines = mayExpunge ? this.#expunge(gone, enabled) : "";
    this.#gone = mayExpunge ? [] : gone;
    if (added.length > 0) {
      this.#runs = new Runs(join([...this.uids, ...added], whole));
      lines += `* ${this.count} EXISTS\r\n`;
      if (tellsRecent(enabled)) lines += `* ${this.recent} RECENT\r\n`;
    }
    const firstNew = added[0]?.first ?? Infinity;
    const changed = changes.changed.filter(({ uid }) => uid < firstNew && this.numberOf(uid) > 0);
    for (const one of changed) {
      if (this.knowsFlags(one.uid, one.modseq)) continue;
      if (!tellsFlags) {
        (this.#untold ??= new Set()).add(one.uid);
        continue;
      }
      this.#untold?.delete(one.uid);
      lines += `* ${this.numberOf(one.uid)} FETCH (${tellsUid ? `UID ${one.uid} ` : ""}${this.#unasked(one, enabled)})\r\n`;
    }
    this.#modseq = changes.highestModseq;
    this.#told = null;
    return { lines, added, came: join([...added, ...changed.map(({ uid }) => ({ first: uid, last: uid }))], whole) };
  }

  #expunge(going: Numbers, enabled: Readonly<Enabled>): string {
    if (going.length === 0) return "";
    const numbers = this.numbersOf(going);
    this.#runs = new Runs(without(this.uids, going, whole));
    for (const uid of this.#untold ?? []) if (this.numberOf(uid) === 0) this.#untold?.delete(uid);
    if (tellsVanished(enabled)) return `* VANISHED ${formatNumbers(going)}\r\n`;
    let lines = "";
    let already = 0;
    for (const { first, last } of numbers) {
      // A number is that of the message when it is told: the earlier ones are gone by then, so a whole run goes at its first one.
      lines += `* ${first - already} EXPUNGE\r\n`.repeat(last - first + 1);
      already += last - first + 1;
    }
    return lines;
  }

  #unasked({ uid, flags, modseq }: MailboxChanges["changed"][number], enabled: Readonly<Enabled>): string {
    const items = [`FLAGS ${formatFlags(flags, { isRecent: tellsRecent(enabled) && this.isRecent(uid) })}`];
    if (enabled.condstore) items.push(`MODSEQ (${modseq})`);
    return items.join(" ");
  }
}

type NewsOptions = {
  readonly mayExpunge: boolean;
  readonly enabled: Readonly<Enabled>;
  /** false: the client does not want to hear of flags (RFC 5465). */
  readonly tellsFlags?: boolean;
  /** With flags that changed. */
  readonly tellsUid?: boolean;
};

/** `added`: UIDs that are new. `came`: those, and UIDs that have new flags, also those whose flags the client knew already. */
export type News = { readonly lines: string; readonly added: Numbers; readonly came: Numbers };

export const whole: Neighbours<number> = { after: (n) => n + 1, before: (n) => n - 1 };

/** Where nothing is in use, "*" names nothing. */
function joined(set: Exclude<NumberSet, "$">, largest: number): Numbers {
  const ranges: Interval<number>[] = [];
  for (const { from, to } of set) {
    if (largest === 0 && (from === "*" || to === "*")) continue;
    const [a, b] = [from === "*" ? largest : from, to === "*" ? largest : to];
    ranges.push({ first: Math.min(a, b), last: Math.max(a, b) });
  }
  return join(ranges, whole);
}

/** `1:3,7`. Must not be empty. */
export function formatNumbers(numbers: Numbers): string {
  let text = "";
  for (const { first, last } of numbers) {
    if (text !== "") text += ",";
    text += first === last ? first : `${first}:${last}`;
  }
  return text;
}

/** How many numbers there are. */
export function countOf(numbers: Numbers): number {
  let count = 0;
  for (const { first, last } of numbers) count += last - first + 1;
  return count;
}

/** Ascending UIDs in runs, each with how many come before it: twelve octets a run, and a binary search either way. */
class Runs {
  readonly count: number;
  /** Of each run: its first UID, its last, and how many messages are before it. */
  readonly #table: Uint32Array;

  constructor(uids: Numbers) {
    this.#table = new Uint32Array(uids.length * width);
    let count = 0;
    let at = 0;
    for (const { first, last } of uids) {
      this.#table[at] = first;
      this.#table[at + 1] = last;
      this.#table[at + 2] = count;
      count += last - first + 1;
      at += width;
    }
    this.count = count;
  }

  /** All of them, or those of a range. */
  uids(from = 0, to = Infinity): Interval<number>[] {
    const found: Interval<number>[] = [];
    const table = this.#table;
    for (let at = Math.max(0, this.#runAt(0, from)); at < table.length; at += width) {
      const [first, last] = [table[at]!, table[at + 1]!];
      if (first > to) break;
      if (last >= from) found.push({ first: Math.max(first, from), last: Math.min(last, to) });
    }
    return found;
  }

  /** The place of a UID, from 1 on; 0: it is not among them. */
  numberOf(uid: number): number {
    const at = this.#runAt(0, uid);
    if (at < 0 || uid > this.#table[at + 1]!) return 0;
    return this.#table[at + 2]! + uid - this.#table[at]! + 1;
  }

  countBelow(uid: number): number {
    const at = this.#runAt(0, uid - 1);
    if (at < 0) return 0;
    return this.#table[at + 2]! + Math.min(uid - 1, this.#table[at + 1]!) - this.#table[at]! + 1;
  }

  /** The UID at a place; 0: there is none. */
  at(number: number): number {
    if (number < 1 || number > this.count) return 0;
    const at = this.#runAt(2, number - 1);
    return this.#table[at]! + number - 1 - this.#table[at + 2]!;
  }

  /** The index of the last run whose field is at most `n`; negative: none. */
  #runAt(field: 0 | 2, n: number): number {
    let low = 0;
    let high = this.#table.length / width;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#table[middle * width + field]! <= n) low = middle + 1;
      else high = middle;
    }
    return (low - 1) * width;
  }
}

const width = 3;
