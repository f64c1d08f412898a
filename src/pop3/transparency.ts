import { TextLines } from "../message/line-ends.ts";
import { DotStuffer } from "../smtp/dot-stuffing.ts";
import { Top } from "./top.ts";

/**
 * A message as it goes over the wire (RFC 1939 §3): lines end with CRLF, dots at their start are doubled, and a dot ends it all. The one way
 * out, for RETR and for TOP (field case O-48). Push what the message holds, then finish.
 */
export class Transparency {
  // The rule is that of SMTP (RFC 5321 §4.5.2).
  readonly #dots = new DotStuffer();
  readonly #lines: TextLines | null;
  readonly #top: Top | null;

  /** `hasTextLines`: every line is known to end with CRLF already. `lines`: of the body at most; null: all. */
  constructor({ hasTextLines, lines }: { readonly hasTextLines: boolean; readonly lines: number | null }) {
    this.#lines = hasTextLines ? null : new TextLines();
    this.#top = lines === null ? null : new Top(lines);
  }

  /** Nothing more is wanted of the message. */
  get isDone(): boolean {
    return this.#top?.isDone ?? false;
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const wanted = this.#top === null ? chunk : this.#top.push(chunk);
    if (this.#lines === null) return this.#dots.push(wanted);
    return this.#lines.push(wanted).flatMap((piece) => this.#dots.push(piece));
  }

  finish(): readonly Uint8Array[] {
    const last = (this.#lines?.finish() ?? []).flatMap((piece) => this.#dots.push(piece));
    return [...last, ...this.#dots.finish()];
  }
}
