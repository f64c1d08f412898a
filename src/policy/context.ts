import type { IpSet } from "../address/ip-set.ts";

export type ListenerKind = "relay" | "submission" | "lmtp";

/** What the boot file says and a document is read against. */
export type PolicyContext = {
  readonly listeners: readonly { readonly name: string; readonly kind: ListenerKind }[];
  /** Our own addresses: literals at them are ours. */
  readonly ownAddresses: IpSet;
  /** NAT64 prefixes (/96) beside the well-known one. */
  readonly translationPrefixes: IpSet;
  /** Names of the LDAP directories that may be asked for recipients; `null`: no boot file says, so every name is taken. */
  readonly directories: readonly string[] | null;
};
