import fc from "fast-check";

/** One up to this, the surrogates passed over. */
const upTo = (last: number) =>
  fc
    .integer({ min: 0, max: last < 0xd800 ? last : last - 0x800 })
    .map((nth) => String.fromCodePoint(nth < 0xd800 ? nth : nth + 0x800));

/**
 * Any character but a half of a surrogate pair, as a unit of `fc.string`; those that grammars are made of come often. fast-check's
 * own, "binary", draws from a table that takes each process that uses it two seconds to build, and draws their signs seldom.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof(upTo(0x7f), upTo(0x7ff), upTo(0x10_ffff));
