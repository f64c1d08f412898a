/** The flags of RFC 9051 §2.3.2 as bits of one number; everything else is a keyword. \Recent is no flag of a message here. */
export const seen = 1;
export const answered = 2;
export const flagged = 4;
export const deleted = 8;
export const draft = 16;

/** Flags of one message. Keywords are told apart without case and kept as first written; sorted, without repetition. */
export type Flags = { readonly system: number; readonly keywords: readonly string[] };

const systemFlags: readonly (readonly [number, string])[] = [
  [answered, "\\Answered"],
  [flagged, "\\Flagged"],
  [deleted, "\\Deleted"],
  [seen, "\\Seen"],
  [draft, "\\Draft"],
];

const bits = new Map(systemFlags.map(([bit, name]) => [name.toLowerCase(), bit]));

/** `(\Seen $Forwarded)`. */
export function formatFlags(
  { system, keywords }: Flags,
  { isRecent = false }: { readonly isRecent?: boolean } = {},
): string {
  if (keywords.length === 0) return isRecent ? formatted[system + 32]! : formatted[system]!;
  return format(system, isRecent, keywords);
}

/** `["\\Seen", "$Forwarded"]`. */
export function namesOfFlags({ system, keywords }: Flags): readonly string[] {
  return [...systemFlags.flatMap(([bit, name]) => ((system & bit) === 0 ? [] : [name])), ...keywords];
}

function format(system: number, isRecent: boolean, keywords: readonly string[]): string {
  const names = namesOfFlags({ system, keywords: [] });
  return `(${[...names, ...(isRecent ? ["\\Recent"] : []), ...keywords].join(" ")})`;
}

/** Without keywords there are few combinations, and a FETCH of a large mailbox writes many of them. */
const formatted = Array.from({ length: 64 }, (_, n) => format(n & 31, n >= 32, []));

/** Flags as a client names them. \Recent and system flags that nobody knows cannot be set: they are left out (RFC 9051 §2.3.2). */
export function flagsOf(names: readonly string[]): Flags {
  let system = 0;
  const keywords = new Map<string, string>();
  for (const name of names) {
    const key = name.toLowerCase();
    if (key.startsWith("\\")) system |= bits.get(key) ?? 0;
    else if (!keywords.has(key)) keywords.set(key, name);
  }
  return { system, keywords: [...keywords.values()].sort() };
}
