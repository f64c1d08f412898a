import type { Hasher } from "./hasher.ts";

/** Crockford's base32: no i, l, o, u, so that nothing read aloud or copied by hand is mistaken. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const groupLength = 4;

/** Seven groups of four: 140 bits. The shape says what it is, see `asAppPassword`. */
const appPasswordGroups = 7;
const initialPasswordGroups = 5;

/** A password for one device: "k3fm-07qa-…", 140 bits. */
export function generateAppPassword(hasher: Hasher): string {
  return generate(appPasswordGroups, hasher);
}

/** The first password of an account, to be changed by its owner: 100 bits. It is kept like one that people choose. */
export function generateInitialPassword(hasher: Hasher): string {
  return generate(initialPasswordGroups, hasher);
}

/**
 * The text as an app password, written as it was shown, when it has the shape of one; else `null`. The shape decides
 * which check is made, so that the work never depends on the account. Blanks, missing hyphens, capitals and look-
 * alikes are forgiven. (SCRAM cannot forgive them: there the client hashes what was typed.)
 */
export function asAppPassword(text: string): string | null {
  const letters = appPasswordGroups * groupLength;
  if (text.length < letters || text.length > 2 * letters) return null;
  const plain = text.toLowerCase().replaceAll(/[ -]/g, "").replaceAll("o", "0").replaceAll(/[il]/g, "1");
  return plain.length === letters && /^[0-9a-hjkmnp-tv-z]+$/.test(plain) ? inGroups(plain) : null;
}

function generate(groups: number, hasher: Hasher): string {
  const letters = Array.from(hasher.random(groups * groupLength), (octet) => alphabet[octet % alphabet.length]);
  return inGroups(letters.join(""));
}

function inGroups(letters: string): string {
  const groups = [];
  for (let at = 0; at < letters.length; at += groupLength) groups.push(letters.slice(at, at + groupLength));
  return groups.join("-");
}
