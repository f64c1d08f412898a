/** A peer's reply as it came: text is hostile until it is shown escaped. */
export type PeerReply = {
  readonly code: number;
  /** RFC 2034; `null` when the peer gave none. */
  readonly status: string | null;
  readonly lines: readonly string[];
};

/** `null` in place of a reply: what came is no SMTP reply and nothing after it can be trusted. */
export type DecodedReply = PeerReply | null;

const longestLine = 4_096;
const mostLines = 200;

/** Bytes in, replies out, split and joined anyhow (RFC 5321 §4.2.1). Memory is bounded by one reply of the limits above. */
export class ClientReplyDecoder {
  #buffer = "";
  #lines: string[] = [];
  #code = -1;
  #isBroken = false;

  push(chunk: Buffer): readonly DecodedReply[] {
    if (this.#isBroken) return [];
    this.#buffer += chunk.toString("latin1");
    const replies: DecodedReply[] = [];
    for (let end = this.#buffer.indexOf("\n"); end >= 0; end = this.#buffer.indexOf("\n")) {
      const line = this.#buffer.slice(0, end).replace(/\r$/, "");
      this.#buffer = this.#buffer.slice(end + 1);
      const reply = this.#line(line);
      if (reply === undefined) continue;
      replies.push(reply);
      if (reply === null) return this.#break(replies);
    }
    return this.#buffer.length > longestLine ? this.#break([...replies, null]) : replies;
  }

  /** `undefined`: the reply goes on. */
  #line(line: string): DecodedReply | undefined {
    const match = /^([2-5][0-5][0-9])([ -]|$)/.exec(line);
    const code = Number(match?.[1] ?? -1);
    // All lines of a reply have the same code (RFC 5321 §4.2.1).
    if (match === null || (this.#code >= 0 && code !== this.#code)) return null;
    if (line.length > longestLine || this.#lines.length >= mostLines) return null;
    this.#code = code;
    this.#lines.push(line.slice(4));
    if (match[2] === "-") return undefined;
    const lines = this.#lines;
    this.#lines = [];
    this.#code = -1;
    return { code, status: statusIn(lines[0] ?? "", code), lines };
  }

  #break(replies: DecodedReply[]): DecodedReply[] {
    this.#isBroken = true;
    this.#buffer = "";
    return replies;
  }
}

/** The class of a status is that of its code, or it is none (RFC 2034 §4). */
function statusIn(text: string, code: number): string | null {
  const status = /^([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)/.exec(text)?.[1] ?? null;
  return status?.charAt(0) === String(code).charAt(0) ? status : null;
}
