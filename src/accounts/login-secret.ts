import { createHmac } from "node:crypto";
import type { ScramSalt } from "../sasl/scram-keys.ts";
import { keepLoginSecret, loginSecretOf, readLoginSecret } from "../store/credentials.ts";
import type { Store } from "../store/store.ts";
import type { Hasher } from "./hasher.ts";
import { verifierRounds } from "./verifier.ts";

/**
 * Made at the first start and kept, so that what is derived from it looks the same after a restart, as a real salt
 * does.
 */
export async function loadLoginSecret(store: Store, hasher: Hasher): Promise<Buffer> {
  await store.commit([keepLoginSecret(hasher.random(32))]);
  return loginSecretOf(await store.read(readLoginSecret()));
}

/**
 * The salt that is shown for a login without verifier: always the same one, and nothing that a real one is not (RFC
 * 5802 §5.1).
 */
export function imaginedSalt(canonicalLogin: string, secret: Buffer): ScramSalt {
  const salt = createHmac("sha256", secret).update(canonicalLogin, "utf8").digest().subarray(0, 16);
  return { salt, iterations: verifierRounds };
}
