import type { Literal, LiteralElsewhere, Piece } from "./command.ts";
import { type Announcement, announcementAt, isMessageNext, longestAnnouncement, tagOf } from "./literal.ts";
import type { Completion } from "./response.ts";

const LF = 0x0a;
const CR = 0x0d;
const nothing = Buffer.alloc(0);

/** What a session takes in its state: before login little, but in every form (field case O-43). */
export type Limits = {
  /** Octets of one command: its lines with their ends, and all literals that are arguments. */
  readonly argumentOctets: number;
  /** Octets of one message in APPEND, REPLACE and CATENATE (RFC 7889). */
  readonly messageOctets: number;
  /** Octets of a refused command that are read only to be thrown away, because the client did not wait for leave ({n+}). */
  readonly discardOctets: number;
};

export type Received =
  | { readonly is: "command"; readonly pieces: readonly Piece[] }
  /**
   * A literal begins, and somebody has to act: `accept` (and send "+" when it is synchronising) or `refuse`. Of a message the octets
   * follow as they come; a literal that is an argument is collected here, and is told only when it is synchronising.
   */
  | {
      readonly is: "literal";
      readonly size: number;
      readonly isBinary: boolean;
      readonly isSynchronising: boolean;
      readonly isMessage: boolean;
      /** The command up to here. */
      readonly pieces: readonly Piece[];
    }
  /** Of a message, also of one without octets. After the last of them: `keep`. */
  | { readonly is: "octets"; readonly octets: Buffer; readonly isLast: boolean }
  /** The command is over; what still comes of it is thrown away. */
  | { readonly is: "refused"; readonly tag: string | null; readonly completion: Completion }
  /** More would have to be thrown away than is worth it: BYE, and nothing after it is read. */
  | { readonly is: "hopeless"; readonly text: string };

/** Where the octets read so far leave us; `left`: octets of the literal that are still to come. */
type Place =
  | { readonly in: "line" }
  | { readonly in: "announced"; readonly literal: Announcement; readonly isMessage: boolean }
  | { readonly in: "argument"; readonly literal: Announcement; readonly octets: Buffer; readonly left: number }
  | { readonly in: "message"; readonly literal: Announcement; readonly left: number }
  /** A whole message was read, and nobody has said yet where it is. */
  | { readonly in: "read"; readonly literal: Announcement }
  | { readonly in: "refused line" }
  | { readonly in: "refused literal"; readonly left: number }
  | { readonly in: "hopeless" };

/**
 * Octets in, commands out (RFC 9051 §2.2.1, §4.3; RFC 7888), the same however they are cut. A message is passed on while it comes;
 * all else is held here, at most `argumentOctets` of it.
 *
 * A bare LF ends a line as CRLF does. Deviation: RFC 9051 §2.2, because scripts and people at a terminal send it and other servers
 * take it; and nothing can be smuggled, for no string on a line may hold one and the octets of literals are counted.
 */
export class CommandDecoder {
  #unread: Buffer = nothing;
  #at = 0;
  /** The start of a line, in a buffer of its own: a slice would keep the socket's whole chunk alive while half a line waits. */
  #line: Buffer = nothing;
  #lineLength = 0;
  #pieces: Piece[] = [];
  /** Octets of this command: of arguments, or, once it is refused, thrown away. */
  #count = 0;
  #place: Place = { in: "line" };

  push(chunk: Buffer): void {
    this.#unread = this.size === 0 ? chunk : Buffer.concat([this.#unread.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Octets pushed and not yet read. */
  get size(): number {
    return this.#unread.length - this.#at;
  }

  /** Whether a command has begun and is not whole: for deadlines. */
  get isInside(): boolean {
    if (this.#place.in === "hopeless") return false;
    return this.#place.in !== "line" || this.#lineLength > 0 || this.#pieces.length > 0;
  }

  /** What comes next; null: more octets are needed, or an answer to what was announced. */
  next(limits: Limits): Received | null {
    for (;;) {
      const place = this.#place;
      if (place.in === "announced" || place.in === "hopeless") return null;
      if (place.in === "read") throw new Error("a message was read, and nobody said where it is");
      // A literal of no octets is whole before anything comes.
      if (this.size === 0 && !("left" in place && place.left === 0)) return null;
      const received = this.#step(place, limits);
      if (received !== null) return received;
    }
  }

  /** A line that is no command: DONE of IDLE, an answer in AUTHENTICATE; without its end. null: more octets are needed. */
  nextLine(maxOctets: number): Buffer | "too-long" | null {
    const line = this.#readLine(maxOctets);
    if (line === "too-long") this.#place = { in: "hopeless" };
    return line;
  }

  /** Octets of the literal that was announced may come: called before "+" is sent. */
  accept(): void {
    const place = this.#place;
    if (place.in !== "announced") throw new Error("no literal was announced");
    this.#begin(place.literal, place.isMessage);
  }

  /** Where the message is whose last octets have just come. */
  keep(octets: LiteralElsewhere): void {
    const place = this.#place;
    if (place.in !== "read") throw new Error("no message was read");
    this.#endLiteral(place.literal, octets);
  }

  /** The literal that was announced, or is being read, is not wanted: the rest of its command is thrown away. */
  refuse(): void {
    const place = this.#place;
    this.#endCommand();
    // Who waits for "+" and gets a tagged answer instead sends no more of this command.
    if (place.in === "announced" && place.literal.isSynchronising) return;
    const left = place.in === "announced" ? place.literal.size : "left" in place ? place.left : 0;
    this.#place = { in: "refused literal", left };
  }

  /** Octets not yet read: dropped at STARTTLS (RFC 9051 §11.1). */
  takeRest(): Buffer {
    return this.#take(this.size);
  }

  /** null: go on. */
  #step(place: Place, limits: Limits): Received | null {
    switch (place.in) {
      case "line":
        return this.#commandLine(limits);
      case "argument": {
        const octets = this.#take(place.left);
        octets.copy(place.octets, place.literal.size - place.left);
        const left = place.left - octets.length;
        if (left === 0) this.#endLiteral(place.literal, place.octets);
        else this.#place = { ...place, left };
        return null;
      }
      case "message": {
        const octets = this.#take(place.left);
        const left = place.left - octets.length;
        this.#place = left === 0 ? { in: "read", literal: place.literal } : { ...place, left };
        return { is: "octets", octets, isLast: left === 0 };
      }
      case "refused line":
        return this.#refusedLine(limits);
      case "refused literal": {
        const left = place.left - this.#take(place.left).length;
        this.#place = left === 0 ? { in: "refused line" } : { in: "refused literal", left };
        return null;
      }
      case "announced":
      case "read":
      case "hopeless":
        return null;
      default:
        return place satisfies never;
    }
  }

  #commandLine(limits: Limits): Received | null {
    const line = this.#readLine(limits.argumentOctets - this.#count);
    if (line === null) return null;
    if (line === "too-long") {
      const tag = tagOf(this.#pieces[0] ?? this.#line.subarray(0, this.#lineLength));
      this.#keepTail();
      this.#place = { in: "refused line" };
      return { is: "refused", tag, completion: tooLong(limits) };
    }
    this.#count += line.length;
    const literal = announcementAt(line);
    if (literal !== null) {
      // A copy: what waits for a literal must not keep the socket's whole chunk alive.
      this.#pieces.push(Buffer.from(line.subarray(0, literal.from)));
      return this.#literal(literal, limits);
    }
    const pieces = this.#pieces;
    pieces.push(line);
    this.#endCommand();
    return { is: "command", pieces };
  }

  #literal(literal: Announcement, limits: Limits): Received | null {
    const isMessage = isMessageNext(this.#pieces);
    if (literal.size > (isMessage ? limits.messageOctets : limits.argumentOctets - this.#count)) {
      return this.#tooBig(literal, isMessage, limits);
    }
    if (!isMessage) this.#count += literal.size;
    if (!isMessage && !literal.isSynchronising) {
      this.#begin(literal, isMessage);
      return null;
    }
    this.#place = { in: "announced", literal, isMessage };
    const { size, isBinary, isSynchronising } = literal;
    return { is: "literal", size, isBinary, isSynchronising, isMessage, pieces: this.#pieces };
  }

  /** A client that asks hears it before it sends; of one that does not ask, so much is thrown away and no more. */
  #tooBig(literal: Announcement, isMessage: boolean, limits: Limits): Received {
    const tag = tagOf(this.#pieces[0] ?? nothing);
    this.#endCommand();
    if (!literal.isSynchronising) {
      if (!this.#mayDiscard(literal.size, limits)) return this.#hopeless(limits);
      this.#place = { in: "refused literal", left: literal.size };
    }
    if (!isMessage) return { is: "refused", tag, completion: tooLong(limits) };
    const text = `The message of ${literal.size} octets is larger than the ${limits.messageOctets} that are taken`;
    return { is: "refused", tag, completion: { status: "NO", code: "TOOBIG", text } };
  }

  /** Reads over the rest of a line; a literal at its end belongs to what is thrown away. */
  #refusedLine(limits: Limits): Received | null {
    const end = this.#unread.indexOf(LF, this.#at);
    const octets = this.#take((end < 0 ? this.#unread.length : end + 1) - this.#at);
    this.#append(octets);
    this.#keepTail();
    if (!this.#mayDiscard(octets.length, limits)) return this.#hopeless(limits);
    if (end < 0) return null;
    const literal = announcementAt(withoutEnd(this.#line.subarray(0, this.#lineLength)));
    const discarded = this.#count;
    this.#endCommand();
    if (literal === null || literal.isSynchronising) return null;
    this.#count = discarded;
    if (!this.#mayDiscard(literal.size, limits)) return this.#hopeless(limits);
    this.#place = { in: "refused literal", left: literal.size };
    return null;
  }

  #mayDiscard(octets: number, limits: Limits): boolean {
    this.#count += octets;
    return this.#count <= limits.discardOctets;
  }

  #hopeless(limits: Limits): Received {
    this.#endCommand();
    this.#place = { in: "hopeless" };
    return { is: "hopeless", text: `More than ${limits.discardOctets} octets of a refused command` };
  }

  #begin(literal: Announcement, isMessage: boolean): void {
    const left = literal.size;
    if (isMessage) this.#place = { in: "message", literal, left };
    else this.#place = { in: "argument", literal, left, octets: Buffer.allocUnsafeSlow(left) };
  }

  #endLiteral({ size, isBinary }: Announcement, octets: Literal["octets"]): void {
    this.#pieces.push({ size, isBinary, octets });
    this.#place = { in: "line" };
  }

  #endCommand(): void {
    this.#pieces = [];
    this.#count = 0;
    this.#lineLength = 0;
    this.#line = nothing;
    this.#place = { in: "line" };
  }

  /** `maxOctets` counts the line's end. A line that is too long is left where it is, but for its start. */
  #readLine(maxOctets: number): Buffer | "too-long" | null {
    const end = this.#unread.indexOf(LF, this.#at);
    const octets = (end < 0 ? this.#unread.length : end + 1) - this.#at;
    if (this.#lineLength + octets > maxOctets) {
      this.#append(this.#take(Math.max(0, maxOctets - this.#lineLength)));
      return "too-long";
    }
    if (end >= 0 && this.#lineLength === 0) return withoutEnd(this.#take(octets));
    this.#append(this.#take(octets));
    if (end < 0) return null;
    const line = this.#line.subarray(0, this.#lineLength);
    this.#line = nothing;
    this.#lineLength = 0;
    return withoutEnd(line);
  }

  #append(octets: Buffer): void {
    const length = this.#lineLength + octets.length;
    if (length > this.#line.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#lineLength));
      this.#line.copy(grown, 0, 0, this.#lineLength);
      this.#line = grown;
    }
    octets.copy(this.#line, this.#lineLength);
    this.#lineLength = length;
  }

  /** So much of a refused line as may announce a literal at its end. */
  #keepTail(): void {
    if (this.#lineLength <= longestAnnouncement) return;
    this.#line = Buffer.from(this.#line.subarray(this.#lineLength - longestAnnouncement, this.#lineLength));
    this.#lineLength = longestAnnouncement;
  }

  #take(octets: number): Buffer {
    const taken = this.#unread.subarray(this.#at, this.#at + octets);
    this.#at += taken.length;
    if (this.size === 0) {
      this.#unread = nothing;
      this.#at = 0;
    }
    return taken;
  }
}

function withoutEnd(line: Buffer): Buffer {
  return line.subarray(0, line.length - (line.at(-2) === CR ? 2 : 1));
}

function tooLong(limits: Limits): Completion {
  return { status: "BAD", code: "TOOBIG", text: `The command is longer than ${limits.argumentOctets} octets` };
}
