import { timingSafeEqual } from "node:crypto";
import type { Refusal } from "../address/address.ts";
import { parseUtf8 } from "./plain.ts";
import {
  clientKeyOf,
  clientProof,
  fewestIterations,
  mostIterations,
  parseBase64,
  scramKeys,
  type ScramSalt,
  serverSignature,
} from "./scram-keys.ts";

/**
 * The GS2 flag (RFC 5802 §6): the exported keying material of this connection binds to it (PLUS, RFC 9266); "y" says that we could and
 * were not offered to, so that a server who did offer it notices; "n" that we cannot.
 */
export type ScramBinding = { readonly exporter: Buffer } | "y" | "n";

/** The client's first message, and what the proof will be about. */
export type ScramOpened = {
  readonly message: Buffer;
  readonly bare: string;
  readonly nonce: string;
  /** What `c=` repeats. */
  readonly bindingInput: Buffer;
};

/** The server's first message. */
export type ScramChallenged = ScramSalt & { readonly text: string; readonly nonce: string };

/** The last message, and what the server has to answer to it. */
export type ScramProven = { readonly message: Buffer; readonly expected: Buffer };

/** `login` is prepared (SASLprep); `nonce` is printable without a comma and fresh for each exchange. */
export function openScram(login: string, nonce: string, binding: ScramBinding): ScramOpened {
  const gs2 = Buffer.from(`${typeof binding === "string" ? binding : "p=tls-exporter"},,`);
  const name = login.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const bare = `n=${name},r=${nonce}`;
  return {
    message: Buffer.concat([gs2, Buffer.from(bare)]),
    bare,
    nonce,
    bindingInput: typeof binding === "string" ? gs2 : Buffer.concat([gs2, binding.exporter]),
  };
}

/** Reads `server-first-message` (RFC 5802 §7). */
export function parseServerFirst({ nonce: ours }: ScramOpened, message: Buffer): ScramChallenged | Refusal {
  const text = parseUtf8(message);
  if (typeof text !== "string") return text;
  const [nonceField = "", saltField = "", roundsField = ""] = text.split(",");
  const nonce = nonceField.slice(2);
  // A mandatory extension ("m=") would stand in front: it is none that is known here (RFC 5802 §5.1).
  if (!nonceField.startsWith("r=") || !nonce.startsWith(ours) || nonce.length === ours.length)
    return { refused: "the server's nonce does not continue ours" };
  const salt = saltField.startsWith("s=") ? parseBase64(saltField.slice(2)) : null;
  if (salt === null || salt.length === 0) return { refused: "the server's salt cannot be read" };
  const iterations = /^i=[1-9][0-9]{0,7}$/.test(roundsField) ? Number(roundsField.slice(2)) : 0;
  // Fewer than RFC 7677 §4 allows would hand out a proof that is cheap to guess from; too many would keep us busy.
  if (iterations < fewestIterations || iterations > mostIterations)
    return { refused: "the server asks for too few or too many rounds" };
  return { text, nonce, salt, iterations };
}

/** `saltedPassword` is PBKDF2-HMAC-SHA-256 of the prepared password with the salt and the rounds of the challenge. */
export function proveScram(opened: ScramOpened, challenged: ScramChallenged, saltedPassword: Buffer): ScramProven {
  const withoutProof = `c=${opened.bindingInput.toString("base64")},r=${challenged.nonce}`;
  const authMessage = `${opened.bare},${challenged.text},${withoutProof}`;
  const proof = clientProof(clientKeyOf(saltedPassword), authMessage);
  return {
    message: Buffer.from(`${withoutProof},p=${proof.toString("base64")}`),
    expected: serverSignature(scramKeys(saltedPassword).serverKey, authMessage),
  };
}

/** Whether `server-final-message` shows that the server knows the password too; without that it may be anybody. */
export function isServerProven({ expected }: ScramProven, message: Buffer): boolean {
  const [, verifier] = /^v=([^,]*)(?:,|$)/.exec(message.toString("latin1")) ?? [];
  const signature = verifier === undefined ? null : parseBase64(verifier);
  return signature !== null && signature.length === expected.length && timingSafeEqual(signature, expected);
}
