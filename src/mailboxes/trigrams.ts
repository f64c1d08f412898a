import type { SearchText } from "../imap/mail.ts";

/** More of one text narrow nothing down any more. */
const mostTrigrams = 40;

/**
 * What a content must have of each text, for MATCH: all of its trigrams (the index does not know their order). null: none of the texts
 * is long enough, or can be looked up at all.
 */
export function matchOf(texts: readonly SearchText[]): string | null {
  const trigrams = new Set<string>();
  for (const { field, text } of texts) {
    // Only the message has it, not its content.
    if (field === "return-path" || !usable(text)) continue;
    const characters = Array.from(text);
    for (let at = 0; at + 3 <= characters.length && at < mostTrigrams; at++) {
      trigrams.add(characters.slice(at, at + 3).join(""));
    }
  }
  if (trigrams.size === 0) return null;
  return Array.from(trigrams, (trigram) => `"${trigram.replaceAll('"', '""')}"`).join(" AND ");
}

/** Three characters or more, on one line: what spans lines may begin in a field that the index does not have. */
export function usable(text: string): boolean {
  return !/[\r\n\0]/.test(text) && Array.from(text).length >= 3 && text.isWellFormed();
}
