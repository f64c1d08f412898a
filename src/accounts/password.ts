import { timingSafeEqual } from "node:crypto";
import type { Argon2Cost, Hasher } from "./hasher.ts";

/** What is kept of a password that somebody chose: the PHC string of argon2id, taken apart. */
export type PasswordHash = { readonly cost: Argon2Cost; readonly salt: Buffer; readonly hash: Buffer };

/**
 * 19 MiB, two passes, one lane: about 20 ms here. RFC 9106 §4 with less memory, because mail clients log in all day.
 */
export const passwordCost: Argon2Cost = { memoryKib: 19 * 1024, passes: 2, lanes: 1 };

/** More than these would let one damaged row take the machine's memory or time. */
const highestCost: Argon2Cost = { memoryKib: 1024 * 1024, passes: 64, lanes: 16 };

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/;

/** `password` is prepared by `saslprep` already. */
export async function hashPassword(password: string, hasher: Hasher): Promise<string> {
  const salt = hasher.random(16);
  const hash = await hasher.argon2id(password, salt, passwordCost);
  return formatPasswordHash({ cost: passwordCost, salt, hash });
}

/** Constant time once the hash is made. */
export async function isPassword(password: string, kept: PasswordHash, hasher: Hasher): Promise<boolean> {
  return timingSafeEqual(await hasher.argon2id(password, kept.salt, kept.cost), kept.hash);
}

/**
 * Hashed against for an account that does not exist or has no password: the same work as for one that has, and no
 * password fits, because the hash is not the output of anything known.
 */
export function nobodysHash(hasher: Hasher): PasswordHash {
  return { cost: passwordCost, salt: hasher.random(16), hash: hasher.random(32) };
}

export function formatPasswordHash({ cost, salt, hash }: PasswordHash): string {
  const { memoryKib, passes, lanes } = cost;
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** `null`: not argon2id in version 19 with a hash of 32 octets, or at a cost that nobody should ask of us. */
export function parsePasswordHash(text: string): PasswordHash | null {
  const found = phc.exec(text);
  if (found === null) return null;
  const [memoryKib = 0, passes = 0, lanes = 0] = found.slice(1, 4).map(Number);
  if (passes < 1 || passes > highestCost.passes) return null;
  if (lanes < 1 || lanes > highestCost.lanes) return null;
  if (memoryKib < 8 * lanes || memoryKib > highestCost.memoryKib) return null;
  const [salt, hash] = found.slice(4).map((field) => Buffer.from(field, "base64"));
  return salt && hash ? { cost: { memoryKib, passes, lanes }, salt, hash } : null;
}

/** PHC strings carry base64 without "=". */
function unpadded(octets: Buffer): string {
  return octets.toString("base64").replaceAll("=", "");
}
