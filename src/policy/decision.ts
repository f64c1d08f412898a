import type { Address } from "../address/address.ts";

/** `deliver`: inbound, unknown-to, gateway. `relay`: always-relay and grants. `refuse`: 5xx. `defer`: 451. */
export type Verdict = "deliver" | "relay" | "refuse" | "defer";

export type Rule =
  | "inbound"
  | "gateway"
  | "never"
  | "always-relay"
  | `address:${string}`
  | `local-address:${string}`
  | "authenticated"
  | "relay-denied"
  | "unknown-mailbox"
  | "malformed"
  | "authentication-required"
  | "sender-not-allowed"
  | "account-may-not-relay"
  | "connection-refused"
  | "fact-unknown"
  | "loop";

/** One condition that was asked, in order, for people: "never: guest-wlan matches 10.9.0.0/16". */
export type Condition = {
  readonly condition: string;
  readonly matched: boolean;
  /** The nearest miss or the evidence, for example "10.0.3.7 is outside 10.0.2.0/24". */
  readonly because?: string;
};

export type TlsDemand = "verify" | "require" | "opportunistic" | "off";

export type NextHop =
  | { readonly via: "mx"; readonly domain: string; readonly tls: TlsDemand; readonly fingerprint?: string }
  | {
      readonly via: "host";
      readonly host: string;
      readonly port: number;
      readonly tls: TlsDemand;
      readonly fingerprint?: string;
      /** Name of the account whose password is a secret in the store. */
      readonly account?: string;
    };

/** Where an accepted recipient goes. The address is the one after rerouting. */
export type Destination =
  | { readonly kind: "here"; readonly address: Address }
  | { readonly kind: "away"; readonly address: Address; readonly nextHop: NextHop; readonly isBackupMx: boolean };

export type Decision = {
  readonly verdict: Verdict;
  readonly rule: Rule;
  /** Set when the verdict is `deliver` or `relay`. */
  readonly destination?: Destination;
};
