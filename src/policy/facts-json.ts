import { formatAddress, parseAddress } from "../address/path.ts";
import { formatIp, parseIp } from "../address/ip.ts";
import type { Address } from "../address/address.ts";
import type { Existence, Facts, Place, Recipients } from "./facts.ts";

export type KnownRecipient = { readonly address: Address; readonly place: Place; readonly existence: Existence };

/** What a past decision was made of, as the journal keeps it: judged again under the same policy it gives the same. */
export function factsToJson(facts: Facts, known: readonly KnownRecipient[]): string {
  return JSON.stringify({
    client: facts.client === null ? null : formatIp(facts.client),
    local: facts.local === null ? null : formatIp(facts.local),
    listener: { name: facts.listener.name, kind: facts.listener.kind },
    tls: facts.tls,
    account: facts.account,
    reversePath: facts.reversePath === null ? null : formatAddress(facts.reversePath),
    forwardPath: formatAddress(facts.forwardPath),
    now: facts.now,
    clockIsBehind: facts.clockIsBehind,
    known: known.map(({ address, place, existence }) => [formatAddress(address), place, existence]),
  });
}

/** Throws for text that `factsToJson` did not write: the journal is ours. */
export function factsFromJson(text: string): { readonly facts: Facts; readonly recipients: Recipients } {
  const kept = JSON.parse(text) as Kept;
  const facts: Facts = {
    client: kept.client === null ? null : parseIp(kept.client),
    local: kept.local === null ? null : parseIp(kept.local),
    listener: kept.listener,
    tls: kept.tls,
    account: kept.account,
    reversePath: kept.reversePath === null ? null : addressOf(kept.reversePath),
    forwardPath: addressOf(kept.forwardPath),
    now: kept.now,
    clockIsBehind: kept.clockIsBehind,
  };
  const known = new Map(kept.known.map(([address, place, existence]) => [`${place} ${address}`, existence]));
  const answer = (place: Place, address: Address) => known.get(`${place} ${formatAddress(address)}`) ?? "unknowable";
  return {
    facts,
    recipients: { here: (address) => answer("here", address), there: (address) => answer("there", address) },
  };
}

type Kept = Omit<Facts, "client" | "local" | "reversePath" | "forwardPath"> & {
  readonly client: string | null;
  readonly local: string | null;
  readonly reversePath: string | null;
  readonly forwardPath: string;
  readonly known: readonly (readonly [string, Place, Existence])[];
};

function addressOf(text: string): Address {
  const address = parseAddress(text, { kind: "forward", allowsUtf8: true });
  if ("refused" in address) throw new Error(`the journal holds an address that cannot be read: ${address.refused}`);
  return address;
}
