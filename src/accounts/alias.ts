import type { Address } from "../address/address.ts";

/**
 * An address that stands for others. An alias at the address of an account is a forward: the mailbox gets its copy
 * only when the alias names itself among its targets.
 */
export type Alias = {
  readonly id: number;
  readonly kind: "alias" | "group" | "catch-all";
  /** Lower case; "*" for a catch-all, which covers this one domain and no subdomain. */
  readonly localPart: string;
  readonly domain: string;
  readonly targets: readonly Address[];
};

/** What a catch-all is stored as. */
export const catchAllName = "*";
