import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** What a client may be told before it has proved anything: RFC 5802 §5.1, attributes s and i. */
export type ScramSalt = { readonly salt: Buffer; readonly iterations: number };

/** What the server keeps instead of the password (RFC 5802 §3); who reads it cannot log in with it. */
export type ScramKeys = { readonly storedKey: Buffer; readonly serverKey: Buffer };

export type ScramVerifier = ScramSalt & ScramKeys;

/** Octets of a SHA-256 output. */
export const scramKeyLength = 32;

/** RFC 7677 §4. */
export const fewestIterations = 4096;
export const mostIterations = 10_000_000;

/** `saltedPassword` is PBKDF2-HMAC-SHA-256 of the prepared password (RFC 5802 §3, `Hi`). */
export function scramKeys(saltedPassword: Buffer): ScramKeys {
  return { storedKey: sha256(clientKeyOf(saltedPassword)), serverKey: hmac(saltedPassword, "Server Key") };
}

export function clientKeyOf(saltedPassword: Buffer): Buffer {
  return hmac(saltedPassword, "Client Key");
}

/**
 * What the client sends as `p=`: its key hidden under a signature that only the owner of StoredKey can make (RFC 5802
 * §3).
 */
export function clientProof(clientKey: Buffer, authMessage: string): Buffer {
  return exclusiveOr(clientKey, hmac(sha256(clientKey), authMessage));
}

/**
 * Whether the proof was made with the key behind `keys` (RFC 5802 §3). Constant time for proofs of the right length.
 */
export function isProven(proof: Buffer, keys: ScramKeys, authMessage: string): boolean {
  if (proof.length !== scramKeyLength) return false;
  const clientKey = exclusiveOr(proof, hmac(keys.storedKey, authMessage));
  return timingSafeEqual(sha256(clientKey), keys.storedKey);
}

/** What the server proves itself with (`v=`). */
export function serverSignature(serverKey: Buffer, authMessage: string): Buffer {
  return hmac(serverKey, authMessage);
}

/** "iterations$salt$storedKey$serverKey", the last three in base64: the form of the columns `scram`. */
export function formatScramVerifier(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  return [iterations, ...[salt, storedKey, serverKey].map((octets) => octets.toString("base64"))].join("$");
}

/** `null`: not of that form, or with fewer rounds than RFC 7677 allows. */
export function parseScramVerifier(text: string): ScramVerifier | null {
  const [rounds, ...fields] = text.split("$", 5);
  if (rounds === undefined || fields.length !== 3 || !/^[1-9][0-9]{0,7}$/.test(rounds)) return null;
  const [salt, storedKey, serverKey] = fields.map(parseBase64);
  const iterations = Number(rounds);
  if (!salt?.length || !storedKey || !serverKey || iterations < fewestIterations || iterations > mostIterations)
    return null;
  if (storedKey.length !== scramKeyLength || serverKey.length !== scramKeyLength) return null;
  return { iterations, salt, storedKey, serverKey };
}

/** Strict RFC 4648 §4: what is not exactly the base64 of some octets is `null`. */
export function parseBase64(text: string): Buffer | null {
  const octets = Buffer.from(text, "base64");
  return octets.toString("base64") === text ? octets : null;
}

function sha256(octets: Buffer): Buffer {
  return createHash("sha256").update(octets).digest();
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}

function exclusiveOr(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((octet, index) => octet ^ b[index]!));
}
