import { scramKeys, type ScramSalt, type ScramVerifier } from "../sasl/scram-keys.ts";
import type { Hasher } from "./hasher.ts";

/**
 * Rounds of every verifier that we make: what people choose needs 100,000 at least, and generated passwords, which
 * would do with 4,096 (RFC 7677 §4), get as many, because the number is told to whoever asks:
 * one that differed would say which accounts exist.
 */
export const verifierRounds = 100_000;

/**
 * One salt for all verifiers of an account: the server names it before it knows which of the passwords the client will
 * use (RFC 5802 §5.1). Drawn anew when the account has no verifier left.
 */
export function freshSalt(hasher: Hasher): ScramSalt {
  return { salt: hasher.random(16), iterations: verifierRounds };
}

/** `password` is prepared by `saslprep` already. */
export async function deriveVerifier(password: string, salt: ScramSalt, hasher: Hasher): Promise<ScramVerifier> {
  const saltedPassword = await hasher.pbkdf2(password, salt.salt, salt.iterations);
  return { salt: salt.salt, iterations: salt.iterations, ...scramKeys(saltedPassword) };
}
