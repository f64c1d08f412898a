import type { MessageContent } from "./mail.ts";

/**
 * A piece of what is sent: text (as UTF-8), octets, or a range of a message that the driver streams, so that a large one never
 * stands in memory. Where a literal was announced its octets follow exactly.
 */
export type Chunk =
  string | Uint8Array | { readonly content: MessageContent; readonly from: number; readonly to: number };

/** How a command ended (RFC 9051 §7.1); the driver writes it behind the tag. `code` without its brackets. */
export type Completion = {
  readonly status: "OK" | "NO" | "BAD";
  readonly code?: string;
  readonly text: string;
};
