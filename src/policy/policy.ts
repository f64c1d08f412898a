import type { Ip } from "../address/address.ts";
import type { IpSet } from "../address/ip-set.ts";
import type { PolicyContext } from "./context.ts";
import type { DomainForm, FormTable } from "./domain-forms.ts";
import type { Expiry } from "./expiry.ts";
import type { IntervalIndex } from "./interval-index.ts";
import type { RoutingTable } from "./routing-table.ts";

/** One immutable value, made from a document (relay-policy §2) and the boot file's part of the world. */
export type Policy = {
  readonly routing: RoutingTable;
  readonly restrictions: Restrictions;
  readonly connections: Connections;
  readonly context: PolicyContext;
  /** The union of all grants lets the public in, and the document says that this is meant. */
  readonly isOpenRelay: boolean;
};

/** A set of clients that may relay. */
export type Grant = {
  readonly id: string;
  /** Translation prefixes are taken out already. */
  readonly set: IpSet;
  /** The entry in its shortest form. */
  readonly match: string;
  readonly owner: string | null;
  readonly reason: string | null;
  readonly expires: Expiry | null;
  /** Destinations after rerouting; `null`: all. */
  readonly to: FormTable<DomainForm> | null;
  readonly toText: readonly string[] | null;
  /** `null`: all that are not submission listeners. */
  readonly listeners: readonly string[] | null;
  /** Also address literals of other hosts. */
  readonly literals: boolean;
};

/** `set` is of the server's side; only these clients get anything by it. */
export type LocalGrant = Grant & { readonly clients: IpSet; readonly clientsText: readonly string[] };

export type Never = Pick<Grant, "id" | "set" | "match" | "owner" | "reason">;

export type Restrictions = {
  readonly authenticated: boolean;
  readonly addresses: readonly Grant[];
  readonly localAddresses: readonly LocalGrant[];
  readonly never: readonly Never[];
  readonly addressIndex: IntervalIndex;
  readonly localIndex: IntervalIndex;
  readonly neverIndex: IntervalIndex;
};

export type ConnectionEntry = {
  readonly id: string | null;
  readonly set: IpSet;
  readonly match: string;
  readonly accepts: boolean;
};

export type Connections = {
  readonly entries: readonly ConnectionEntry[];
  readonly index: IntervalIndex;
  readonly rejectsByDefault: boolean;
};

/** The client and the IPv4 host that it stands for behind NAT64, if any: never and connections look at both. */
export type ClientFaces = readonly [Ip] | readonly [Ip, Ip];
