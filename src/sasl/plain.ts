import type { Refusal } from "../address/address.ts";

/** What a client claims by a name and a password in clear (RFC 4616 §2, or LOGIN). */
export type PlainClaim = {
  /** Who it wants to act as; "" is the one that logs in. */
  readonly authorizationId: string;
  readonly login: string;
  readonly password: string;
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Octets in the longest message: three fields of RFC 4616 §2 with room for long passwords. */
const longest = 4096;

/**
 * Reads `[authzid] NUL authcid NUL passwd` (RFC 4616 §2). Name and password need at least one character each.
 */
export function parsePlain(message: Uint8Array): PlainClaim | Refusal {
  const text = parseUtf8(message);
  if (typeof text !== "string") return text;
  const [authorizationId = "", login, password, surplus] = text.split("\0", 4);
  if (login === undefined || password === undefined || surplus !== undefined) {
    return { refused: "PLAIN has three fields with a NUL between them" };
  }
  if (login === "" || password === "") return { refused: "the name or the password is empty" };
  return { authorizationId, login, password };
}

/** UTF-8 of bounded length, as all mechanisms here want it; malformed sequences are refused, never replaced. */
export function parseUtf8(message: Uint8Array): string | Refusal {
  if (message.length > longest) return { refused: "the response is too long" };
  try {
    return decoder.decode(message);
  } catch {
    return { refused: "the response is not UTF-8" };
  }
}
