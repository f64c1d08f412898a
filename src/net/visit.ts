import type { Account } from "../accounts/account.ts";
import type { Ip } from "../address/address.ts";

/** Who is connected, to where, and as whom. */
export type Visit<Kind extends string = string> = {
  /** Names the session in events. */
  readonly session: string;
  readonly client: Ip;
  /** The same for people, formatted once. */
  readonly clientText: string;
  /** The server-side address of the connection. */
  readonly local: Ip | null;
  readonly listener: { readonly name: string; readonly kind: Kind };
  tls: TlsState | null;
  account: Account | null;
};

export type TlsState = { readonly protocol: string; readonly cipher: string };
