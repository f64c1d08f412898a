import type { Intervals } from "../address/intervals.ts";

/** UIDs or message numbers that are known: ascending, neither overlapping nor touching. */
export type Numbers = Intervals<number>;

/**
 * A set as the client wrote it (RFC 9051 §9 `sequence-set`). "*" is the largest number in use; the ends of a range come in any
 * order. "$" is the result of the last SEARCH with SAVE (§6.4.4.1).
 */
export type NumberSet = "$" | readonly { readonly from: number | "*"; readonly to: number | "*" }[];
