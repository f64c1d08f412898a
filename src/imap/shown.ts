import { shortened } from "../events/escape.ts";

/** A value in a reason: short, and ASCII, for no other text may be told (RFC 9051 §9 `resp-text`). */
export function shown(text: string, most = 80): string {
  return `"${shortened(text, most).replace(/[^ -~]/gu, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`)}"`;
}
