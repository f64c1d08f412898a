import type { Refusal } from "../address/address.ts";
import { parseUtf8 } from "./plain.ts";
import { isProven, parseBase64, serverSignature, type ScramKeys, type ScramSalt } from "./scram-keys.ts";

/** The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), with tls-exporter (RFC 9266). */
export type ScramOffer = {
  readonly isPlus: boolean;
  /** The keying material of this connection; `null`: none, then PLUS was not offered either. */
  readonly channelBinding: Buffer | null;
};

/** The first message of the client, taken apart. */
export type ScramOpening = {
  readonly authorizationId: string;
  /** As sent, unescaped and not yet prepared. */
  readonly login: string;
  readonly clientNonce: string;
  /** What the client has to repeat in `c=`: its GS2 header and, with PLUS, the channel binding. */
  readonly bindingInput: Buffer;
  readonly bare: string;
};

/** Between the server's first message and the client's answer. */
export type ScramChallenge = {
  /** The server's first message: goes to the client. */
  readonly message: Buffer;
  readonly opening: ScramOpening;
  readonly nonce: string;
};

/** The client's proof, still to be compared with the keys that might have made it. */
export type ScramProof = { readonly proof: Buffer; readonly authMessage: string };

const printable = /^[\x21-\x2b\x2d-\x7e]+$/;

/** Reads `gs2-header client-first-message-bare` (RFC 5802 §7). */
export function parseClientFirst(message: Buffer, offer: ScramOffer): ScramOpening | Refusal {
  const text = parseUtf8(message);
  if (typeof text !== "string") return text;
  const header = /^([^,]*),([^,]*),/.exec(text);
  if (header === null) return { refused: "there is no GS2 header" };
  const [gs2, flag = "", identity = ""] = header;
  const flaw = bindingFlaw(flag, offer);
  if (flaw !== null) return { refused: flaw };
  const authorizationId = identity === "" ? "" : parseName(identity, "a=");
  const bare = text.slice(gs2.length);
  // A bare message that begins with "m=" asks for an extension that must be known (RFC 5802 §5.1): it is not a name.
  const [name = "", nonce = "", ...extensions] = bare.split(",");
  const login = parseName(name, "n=");
  if (authorizationId === null || login === null || login === "")
    return { refused: "the name is missing or badly escaped" };
  if (!nonce.startsWith("r=") || !printable.test(nonce.slice(2)))
    return { refused: "the nonce is missing or not printable" };
  if (!extensions.every(isExtension)) return { refused: "an extension is malformed" };
  const bindingInput = Buffer.concat([Buffer.from(gs2), offer.isPlus ? offer.channelBinding! : Buffer.alloc(0)]);
  return { authorizationId, login, clientNonce: nonce.slice(2), bindingInput, bare };
}

/** Composes `server-first-message`; `nonce` is the server's part: printable, fresh for each exchange. */
export function challengeScram(opening: ScramOpening, nonce: string, salt: ScramSalt): ScramChallenge {
  const joined = opening.clientNonce + nonce;
  const message = `r=${joined},s=${salt.salt.toString("base64")},i=${salt.iterations}`;
  return { message: Buffer.from(message), opening, nonce: joined };
}

/** Reads `client-final-message`: binding and nonce must be those of this exchange. */
export function parseClientFinal(challenge: ScramChallenge, message: Buffer): ScramProof | Refusal {
  const text = parseUtf8(message);
  if (typeof text !== "string") return text;
  const proofAt = text.lastIndexOf(",p=");
  if (proofAt === -1) return { refused: "the proof is missing" };
  const withoutProof = text.slice(0, proofAt);
  const [binding = "", nonce = "", ...extensions] = withoutProof.split(",");
  const { opening } = challenge;
  const repeated = binding.startsWith("c=") ? parseBase64(binding.slice(2)) : null;
  if (repeated === null || !repeated.equals(opening.bindingInput))
    return { refused: "the channel binding does not match" };
  if (nonce !== `r=${challenge.nonce}`) return { refused: "the nonce is not the one of this exchange" };
  if (!extensions.every(isExtension)) return { refused: "an extension is malformed" };
  const proof = parseBase64(text.slice(proofAt + 3));
  if (proof === null) return { refused: "the proof is not base64" };
  return { proof, authMessage: `${opening.bare},${challenge.message.toString("latin1")},${withoutProof}` };
}

/**
 * Which of the keys made the proof, and the `server-final-message` that says so; `null`: none. An account's app
 * passwords share one salt, so that one exchange can be met by any of them.
 */
export function checkProof(
  { proof, authMessage }: ScramProof,
  candidates: readonly ScramKeys[],
): { readonly index: number; readonly message: Buffer } | null {
  const index = candidates.findIndex((keys) => isProven(proof, keys, authMessage));
  const keys = candidates[index];
  if (keys === undefined) return null;
  return { index, message: Buffer.from(`v=${serverSignature(keys.serverKey, authMessage).toString("base64")}`) };
}

/** RFC 5802 §6: what the flag says must fit what was offered, or somebody between took the stronger offer away. */
function bindingFlaw(flag: string, { isPlus, channelBinding }: ScramOffer): string | null {
  if (flag.startsWith("p=")) {
    if (!isPlus || channelBinding === null) return "channel binding was not offered with this mechanism";
    return flag === "p=tls-exporter" ? null : "the only channel binding here is tls-exporter";
  }
  if (isPlus) return "this mechanism wants channel binding";
  if (flag === "n") return null;
  if (flag !== "y") return "the channel binding flag is none of n, y and p";
  return channelBinding === null ? null : "the client was not shown that channel binding is offered";
}

/** `saslname` behind its attribute (RFC 5802 §5.1): "," and "=" come as =2C and =3D, and nothing else follows a "=". */
function parseName(field: string, attribute: "n=" | "a="): string | null {
  if (!field.startsWith(attribute)) return null;
  const escaped = field.slice(attribute.length);
  if (escaped.includes("\0") || /=(?!2C|3D)/.test(escaped)) return null;
  return escaped.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function isExtension(field: string): boolean {
  return /^[A-Za-z]=[^\0]+$/.test(field);
}
