import { decodeBase64 } from "../sasl/base64.ts";
import type { Line } from "./line-decoder.ts";
import type { Reply } from "./reply.ts";
import { authCancelled, authLineTooLong, authMalformed } from "./replies.ts";

/** The client's answer to a 334: its octets, or the reply that ends the exchange ("*" cancels). RFC 4954 §4. */
export function parseAuthResponse(line: Line): Buffer | Reply {
  if (line.flaw !== null) return line.flaw === "too-long" ? authLineTooLong : authMalformed;
  if (line.text === "*") return authCancelled;
  return decodeBase64(line.text) ?? authMalformed;
}
