import type { Line } from "./line-decoder.ts";
import type { Reply } from "./reply.ts";
import { authCancelled, authLineTooLong, authMalformed } from "./replies.ts";

/** The client's answer to a 334: its octets, or the reply that ends the exchange ("*" cancels). RFC 4954 §4. */
export function parseAuthResponse(line: Line): Buffer | Reply {
  if (line.flaw !== null) return line.flaw === "too-long" ? authLineTooLong : authMalformed;
  if (line.text === "*") return authCancelled;
  return decodeBase64(line.text) ?? authMalformed;
}

/** The argument behind the mechanism; "=" stands for an empty one. */
export function decodeInitialResponse(text: string): Buffer | "malformed" {
  if (text === "=") return Buffer.alloc(0);
  return decodeBase64(text) ?? "malformed";
}

/** Strict, with padding and nothing else around it (RFC 4648 §4); Node's own decoder skips what it does not know. */
function decodeBase64(text: string): Buffer | null {
  const octets = Buffer.from(text, "base64");
  return octets.toString("base64") === text ? octets : null;
}
