import fc from "fast-check";

/**
 * Any character but a half of a surrogate pair, as a unit of `fc.string`. fast-check's own, "binary", is the same at a price: its
 * table takes each process that uses it two seconds.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 0x10_ffff - 0x800 })
  .map((nth) => String.fromCodePoint(nth < 0xd800 ? nth : nth + 0x800));
