/**
 * Text of a header that stands for octets: one character for each, whatever its charset (latin1 of the octets). What is kept
 * of strangers' headers comes back exactly so, and scanning it costs less than scanning octets.
 */
export type OctetText = string;

const longestName = 200;

/**
 * Calls `take` for each field in its order: the name in lower case, and where the value begins and ends in the text. A line
 * that is no field is read over with its continuations, for a stray "From " line must not hide the rest. Linear in the text.
 */
export function eachField(header: OctetText, take: (name: string, start: number, end: number) => void): void {
  let colon = -1;
  for (let start = 0; start < header.length;) {
    let end = header.indexOf("\n", start);
    // Folding: the next line goes on when it begins with a blank (RFC 5322 §2.2.3).
    while (end >= 0 && isBlank(header.charCodeAt(end + 1))) end = header.indexOf("\n", end + 1);
    if (end < 0) end = header.length;
    if (colon < start) colon = header.indexOf(":", start);
    // There is none in all the rest.
    if (colon < 0) return;
    if (colon < end && colon > start && colon - start <= longestName && !isBlank(header.charCodeAt(start)))
      take(header.slice(start, colon).trimEnd().toLowerCase(), colon + 1, end);
    start = end + 1;
  }
}

const isBlank = (character: number) => character === 32 || character === 9;

/** A value with its folding undone and without blanks around it (RFC 5322 §2.2.3). */
export function unfold(header: OctetText, start: number, end: number): OctetText {
  const value = header.slice(start, end);
  return (value.includes("\n") ? value.replaceAll(/\r?\n/g, "") : value).trim();
}
