/** Strict, with padding and nothing else around it (RFC 4648 §4); Node's own decoder skips what it does not know. */
export function decodeBase64(text: string): Buffer | null {
  const octets = Buffer.from(text, "base64");
  return octets.toString("base64") === text ? octets : null;
}

/** An initial response behind the mechanism's name; "=" stands for an empty one (RFC 4954 §4, RFC 5034 §4, RFC 4959 §3). */
export function decodeInitialResponse(text: string): Buffer | "malformed" {
  if (text === "=") return Buffer.alloc(0);
  return decodeBase64(text) ?? "malformed";
}
