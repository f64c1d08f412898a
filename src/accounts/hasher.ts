import { argon2, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

/** Cost of one argon2id hash (RFC 9106 §3.1). */
export type Argon2Cost = { readonly memoryKib: number; readonly passes: number; readonly lanes: number };

/** The slow functions and the randomness behind passwords; tests give one that counts. */
export interface Hasher {
  /** 32 octets. */
  argon2id(password: string, salt: Buffer, cost: Argon2Cost): Promise<Buffer>;
  /** PBKDF2-HMAC-SHA-256, 32 octets: `Hi` of RFC 5802 §2.2. */
  pbkdf2(password: string, salt: Buffer, rounds: number): Promise<Buffer>;
  random(octets: number): Buffer;
}

const argon2Async = promisify(argon2);
const pbkdf2Async = promisify(pbkdf2);

/**
 * Runs in libuv's pool of threads (four by default), which file writes use too: `hash-bench.ts` keeps half of it free.
 */
export const nodeHasher: Hasher = {
  argon2id: (password, salt, { memoryKib, passes, lanes }) =>
    argon2Async("argon2id", {
      message: password,
      nonce: salt,
      memory: memoryKib,
      passes,
      parallelism: lanes,
      tagLength: 32,
    }),
  pbkdf2: (password, salt, rounds) => pbkdf2Async(password, salt, rounds, 32, "sha256"),
  random: randomBytes,
};
