/** Where one field of a header stands: octets of the bytes it was read from (RFC 5322 §2.2). */
export type HeaderField = {
  /** Lower case. */
  readonly name: string;
  readonly start: number;
  /** The first octet after the colon. */
  readonly valueStart: number;
  /** The first octet after the field, its CRLF included. */
  readonly end: number;
};

const lf = 10;
const colon = 58;
const maxFields = 10_000;
const maxName = 200;

/**
 * The fields of a header in their order, up to the blank line or the end of the bytes. A line that is no field ends the
 * header, as for any reader (RFC 5322 §3.5). Work and result are bounded by the bytes and by 10,000 fields.
 */
export function readHeader(bytes: Buffer): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  let start = 0;
  while (start < bytes.length && fields.length < maxFields) {
    const valueStart = endOfName(bytes, start);
    if (valueStart < 0) break;
    const end = endOfField(bytes, start);
    const name = bytes
      .toString("latin1", start, valueStart - 1)
      .trimEnd()
      .toLowerCase();
    fields.push({ name, start, valueStart, end });
    start = end;
  }
  return fields;
}

/** The octet after the colon, or -1 when the line at `start` is no field. Blanks before the colon are read (RFC 5322 §4.5). */
function endOfName(bytes: Buffer, start: number): number {
  let hasEnded = false;
  for (let at = start; at < bytes.length && at - start <= maxName; at++) {
    const octet = bytes[at]!;
    if (octet === colon) return at > start ? at + 1 : -1;
    const isBlank = octet === 32 || octet === 9;
    if (isBlank && at > start) hasEnded = true;
    else if (isBlank || hasEnded || octet < 33 || octet > 126) return -1;
  }
  return -1;
}

/** After the first line end that is not followed by a blank (folding, RFC 5322 §2.2.3). */
function endOfField(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const end = bytes.indexOf(lf, at);
    if (end < 0) return bytes.length;
    const next = bytes[end + 1];
    if (next !== 32 && next !== 9) return end + 1;
    at = end + 1;
  }
}

/** The value of a field with its folding undone, as UTF-8 (RFC 6532); broken UTF-8 becomes U+FFFD. */
export function valueOf(bytes: Buffer, field: HeaderField): string {
  return bytes.toString("utf8", field.valueStart, field.end).replaceAll(/\r?\n/g, "").trim();
}

/** The first octet after the header and its blank line; the length of the bytes when there is no blank line. */
export function endOfHeader(bytes: Buffer): number {
  const last = readHeader(bytes).at(-1)?.end ?? 0;
  if (bytes[last] === 13 && bytes[last + 1] === lf) return last + 2;
  return bytes[last] === lf ? last + 1 : last;
}
