/**
 * An address of the envelope after parsing (RFC 5321 §4.1.2, RFC 6531 §3.3). What decides is what routes:
 * policy, lookup and delivery all read this one value.
 */
export type Address = {
  /** The local part's value: quotes and quoted-pairs undone, case as received. */
  readonly localPart: string;
  /** Lower-case A-labels without a trailing dot; or the canonical text of an address literal, brackets included; "" only for the bare `<postmaster>` (RFC 5321 §4.5.1). */
  readonly domain: string;
  /** Set when `domain` is an address literal. */
  readonly literal?: Literal;
};

export type Literal =
  | { readonly kind: "ip"; readonly ip: Ip }
  /** General-address-literal, RFC 5321 §4.1.3: a tag that we know nothing about. */
  | { readonly kind: "general"; readonly tag: string; readonly text: string };

/** IPv4 as an unsigned 32-bit number, IPv6 as a 128-bit bigint; IPv4-mapped IPv6 is always held as IPv4, zone ids are dropped. */
export type Ip = { readonly family: 4; readonly value: number } | { readonly family: 6; readonly value: bigint };

/** `null` is the null reverse-path `<>` (RFC 5321 §4.5.5). */
export type ReversePath = Address | null;

/** What a parser says instead of throwing: a reason for people, without the text of the input. */
export type Refusal = { readonly refused: string };
