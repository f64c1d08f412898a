import type { Account } from "../accounts/account.ts";
import type { Ip } from "../address/address.ts";
import type { ListenerKind } from "../policy/context.ts";

/** Who is connected, to where, and as whom: what the gate and the intake need to know of a session. */
export type Visit = {
  /** Names the session in events. */
  readonly session: string;
  readonly client: Ip;
  /** The same for people, formatted once. */
  readonly clientText: string;
  /** The server-side address of the connection. */
  readonly local: Ip | null;
  readonly listener: { readonly name: string; readonly kind: ListenerKind };
  tls: TlsState | null;
  account: Account | null;
};

export type TlsState = { readonly protocol: string; readonly cipher: string };
