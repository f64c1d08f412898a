/** Crockford's alphabet: no I, L, O, U, so that a REF survives being read out on the telephone. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const valueOf = new Map<string, number>(Array.from(alphabet).map((letter, value) => [letter, value]));
for (const [seen, meant] of [
  ["O", 0],
  ["I", 1],
  ["L", 1],
] as const) {
  valueOf.set(seen, meant);
}

/** Eleven letters hold 55 bits, more than any id. */
const longest = 11;

/** The short name of a journalled decision, as a refusal carries it: its row's number in base 32. */
export function refOf(id: number): string {
  let rest = id;
  let text = "";
  do {
    text = alphabet.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}

/** Reads a REF as people write it: any case, O for 0, I or L for 1, hyphens and blanks between. `null`: it is none. */
export function idOfRef(text: string): number | null {
  if (text.length > 40) return null;
  const letters = text.toUpperCase().replace(/[-\s]/g, "");
  if (letters === "" || letters.length > longest) return null;
  let id = 0;
  for (const letter of letters) {
    const value = valueOf.get(letter);
    if (value === undefined) return null;
    id = id * 32 + value;
  }
  return Number.isSafeInteger(id) ? id : null;
}
