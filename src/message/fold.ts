/**
 * Text with the differences undone that a search does not look at: case, also "ß" and "SS", and ways to write one character (NFKC).
 * "ü" stays apart from "u". Index and comparison use the same, so that both find the same.
 */
export function fold(text: string): string {
  if (!beyondAscii.test(text)) return text.toLowerCase();
  // By way of capitals "ß" becomes "ss"; a sigma is a sigma, wherever in a word it stands.
  return text.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}

const beyondAscii = /[^\0-\x7f]/;
