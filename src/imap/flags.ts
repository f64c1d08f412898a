/** The flags of RFC 9051 §2.3.2 as bits of one number; everything else is a keyword. \Recent is no flag of a message here. */
export const seen = 1;
export const answered = 2;
export const flagged = 4;
export const deleted = 8;
export const draft = 16;

/** Flags of one message. Keywords are told apart without case and kept as first written; sorted, without repetition. */
export type Flags = { readonly system: number; readonly keywords: readonly string[] };
