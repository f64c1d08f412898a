/** How flags and keywords stand in a row of `message`. */

/** System flags are the bits below it (`imap/flags.ts`); the bit itself: it has or had flags, so that it stands in the index of changes. */
export const touched = 32;

export const seenBit = 1;
export const deletedBit = 8;

export function systemBitsOf(flags: number): number {
  return flags & (touched - 1);
}

/** " $Junk Work ": found and taken out as " $Junk " wherever it stands. Without keywords a space. */
export function joinKeywords(keywords: readonly string[]): string {
  return keywords.length === 0 ? " " : ` ${keywords.join(" ")} `;
}

export function splitKeywords(text: string): readonly string[] {
  if (text.length < 2) return none;
  return text.slice(1, -1).split(" ").sort();
}

const none: readonly string[] = [];

/** What is written for a message that comes with these flags. */
export function bitsOf(system: number, keywords: readonly string[]): number {
  return system === 0 && keywords.length === 0 ? 0 : system | touched;
}
