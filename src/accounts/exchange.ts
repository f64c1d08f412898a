import type { Ip } from "../address/address.ts";
import type { Account } from "./account.ts";

/** What a login is for: an app password may be good for one of them only. */
export type Purpose = "send" | "read";

/**
 * Where a login comes from. `tls`: the connection is encrypted; `exporter` gives its tls-exporter octets (RFC 9266),
 * `null` below TLS 1.3.
 */
export type LoginContext = {
  readonly client: Ip;
  readonly listener: string;
  readonly purpose: Purpose;
  readonly tls: { exporter(): Buffer | null } | null;
};

/**
 * `credentials` and `disabled` are 535 5.7.8, `malformed` 501 5.5.2, the others 454 4.7.0 (RFC 4954 §6). `disabled`
 * only comes after the right password.
 */
export type LoginRefusal = "credentials" | "malformed" | "disabled" | "busy" | "throttled" | "unavailable";

export type ExchangeStep =
  | { readonly do: "challenge"; readonly data: Buffer }
  | { readonly do: "accept"; readonly account: Account }
  | { readonly do: "refuse"; readonly reason: LoginRefusal };

/** One AUTH. Ends with `accept` or `refuse`; a client that cancels ("*") is dropped by the caller. */
export interface Exchange {
  /** What the client sent, decoded from base64; `null`: the command came without an initial response. */
  respond(response: Buffer | null): ExchangeStep | Promise<ExchangeStep>;
}
