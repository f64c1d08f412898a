import type { OctetText } from "../../message/fields.ts";

/** One address of an ENVELOPE; the beginning and the end of a group have no host (RFC 9051 §7.5.2). */
export type EnvelopeAddress = {
  readonly name: OctetText | null;
  readonly mailbox: OctetText | null;
  readonly host: OctetText | null;
};

/** What sorting and threading need of an ENVELOPE. */
export type Envelope = {
  readonly date: OctetText | null;
  readonly subject: OctetText | null;
  readonly from: readonly EnvelopeAddress[];
  readonly to: readonly EnvelopeAddress[];
  readonly cc: readonly EnvelopeAddress[];
  readonly inReplyTo: OctetText | null;
  readonly messageId: OctetText | null;
};

/** Reads back what `envelope.ts` wrote. Throws at anything else: then we are wrong. */
export function readEnvelope(octets: Uint8Array): Envelope {
  const reader = new Reader(Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1"));
  reader.take("(");
  const date = reader.string();
  reader.take(" ");
  const subject = reader.string();
  const lists: (readonly EnvelopeAddress[])[] = [];
  // From, Sender, Reply-To, To, Cc, Bcc.
  for (let list = 0; list < 6; list++) {
    reader.take(" ");
    lists.push(reader.addresses());
  }
  reader.take(" ");
  const inReplyTo = reader.string();
  reader.take(" ");
  const messageId = reader.string();
  const [from = [], , , to = [], cc = []] = lists;
  return { date, subject, from, to, cc, inReplyTo, messageId };
}

class Reader {
  readonly #text: OctetText;
  #at = 0;

  constructor(text: OctetText) {
    this.#text = text;
  }

  take(character: string): void {
    if (!this.#skip(character)) throw new Error(`no envelope: ${character} is missing at ${this.#at}`);
  }

  string(): OctetText | null {
    if (this.#text.startsWith("NIL", this.#at)) {
      this.#at += 3;
      return null;
    }
    return this.#text[this.#at] === "{" ? this.#literal() : this.#quoted();
  }

  addresses(): readonly EnvelopeAddress[] {
    if (this.#text[this.#at] !== "(") {
      this.string();
      return [];
    }
    this.#at++;
    const addresses: EnvelopeAddress[] = [];
    while (!this.#skip(")")) {
      this.#skip(" ");
      this.take("(");
      const name = this.string();
      this.take(" ");
      // The route.
      this.string();
      this.take(" ");
      const mailbox = this.string();
      this.take(" ");
      addresses.push({ name, mailbox, host: this.string() });
      this.take(")");
    }
    return addresses;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #quoted(): OctetText {
    this.take('"');
    const from = this.#at;
    let hasEscape = false;
    for (;;) {
      const character = this.#text[this.#at++];
      if (character === '"') break;
      if (character === undefined) throw new Error("no envelope: a string does not end");
      if (character !== "\\") continue;
      hasEscape = true;
      this.#at++;
    }
    const text = this.#text.slice(from, this.#at - 1);
    return hasEscape ? text.replaceAll(/\\([^])/g, "$1") : text;
  }

  #literal(): OctetText {
    const end = this.#text.indexOf("\n", this.#at);
    const size = Number.parseInt(this.#text.slice(this.#at + 1, end), 10);
    const text = this.#text.slice(end + 1, end + 1 + size);
    this.#at = end + 1 + size;
    return text;
  }
}
