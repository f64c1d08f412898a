import type { NextHop } from "../policy/decision.ts";

/** Recipients of one entry that leave together, in one transaction. */
export type Group<T> = {
  /** The key of their next hop. */
  readonly key: string;
  readonly recipients: readonly T[];
};

/**
 * Puts recipients of one entry that share a next hop into one transaction (RFC 5321 §4.5.4.1), at most
 * `maxRecipients` in each (§4.5.3.1.8). Work keeps the order in which it came: longest due first.
 */
export function planTransactions<T>(
  recipients: readonly T[],
  keyOf: (recipient: T) => string,
  maxRecipients: number,
): Group<T>[] {
  const [only] = recipients;
  if (only === undefined) return [];
  if (recipients.length === 1) return [{ key: keyOf(only), recipients }];

  const groups: { key: string; recipients: T[] }[] = [];
  const openGroups = new Map<string, { key: string; recipients: T[] }>();
  for (const recipient of recipients) {
    const key = keyOf(recipient);
    let group = openGroups.get(key);
    if (group === undefined || group.recipients.length >= maxRecipients) {
      group = { key, recipients: [] };
      groups.push(group);
      openGroups.set(key, group);
    }
    group.recipients.push(recipient);
  }
  return groups;
}

/**
 * The name of a next hop, for people too: "example.net", "host smart.example.net:587". Same name: same way of sending,
 * so that connections may be shared; whatever differs from the ordinary is part of it.
 */
export function nextHopKey(nextHop: NextHop): string {
  let key = nextHop.via === "mx" ? nextHop.domain : `host ${nextHop.host}:${nextHop.port}`;
  if (nextHop.via === "host" && nextHop.account !== undefined) key += ` as ${nextHop.account}`;
  if (nextHop.fingerprint !== undefined) key += ` (tls pinned to ${nextHop.fingerprint})`;
  else if (nextHop.tls !== "opportunistic") key += ` (tls ${nextHop.tls})`;
  return key;
}
