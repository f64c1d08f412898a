import { type Flags, formatFlags } from "./flags.ts";

/**
 * Keywords of the selected mailbox that the client was told of in FLAGS. One that appears later is told before the first message that
 * has it, so that a client knows what it is (RFC 3501 §7.2.6, RFC 9051 §7.3.5).
 */
export class KnownKeywords {
  readonly #isReadOnly: boolean;
  readonly #names: Set<string>;

  constructor({ isReadOnly, keywords }: { readonly isReadOnly: boolean; readonly keywords: readonly string[] }) {
    this.#isReadOnly = isReadOnly;
    this.#names = new Set(keywords);
  }

  /** FLAGS and PERMANENTFLAGS, without the end of the last line. */
  get lines(): string {
    const all = formatFlags({ system: 31, keywords: [...this.#names].sort() });
    const permanent = this.#isReadOnly ? "()" : `${all.slice(0, -1)} \\*)`;
    const text = this.#isReadOnly ? "Nothing is kept" : "These are kept";
    return `* FLAGS ${all}\r\n* OK [PERMANENTFLAGS ${permanent}] ${text}`;
  }

  /** What is to be said before the flags of these messages; "": nothing. */
  learn(messages: Iterable<{ readonly flags: Flags }>): string {
    const before = this.#names.size;
    for (const { flags } of messages) for (const keyword of flags.keywords) this.#names.add(keyword);
    return this.#names.size === before ? "" : `${this.lines}\r\n`;
  }
}
