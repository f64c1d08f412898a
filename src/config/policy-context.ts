import { networkInterfaces } from "node:os";
import { parseIp } from "../address/ip.ts";
import { type IpSet, setOfCidr, setOfRange, unionOf } from "../address/ip-set.ts";
import type { PolicyContext } from "../policy/context.ts";
import { type Config, type ReceptionListener, takesMail } from "./schema.ts";

/** What the boot file and the machine say to a policy document. */
export function policyContext(config: Config): PolicyContext {
  return {
    listeners: config.listeners
      .filter(takesMail)
      .filter(relays)
      .map(({ name, kind }) => ({ name, kind })),
    ownAddresses: ownAddresses(config),
    translationPrefixes: unionOf(config.translationPrefixes.map(({ ip, prefix }) => setOfCidr(ip, prefix))),
    directories: config.ldap.map(({ name }) => name),
  };
}

/** For policies that were in force once: a directory that is named no more does not make them unreadable. */
export function pastContext(config: Config): PolicyContext {
  return { ...policyContext(config), directories: null };
}

function ownAddresses(config: Config): IpSet {
  const seen = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = [...seen.map(({ address }) => parseIp(address)), ...config.ownAddresses];
  return unionOf(own.flatMap((ip) => (ip === null ? [] : [setOfRange(ip, ip)])));
}

/** By LMTP mail goes into mailboxes here and nowhere else: no grant counts there. */
function relays({ kind }: ReceptionListener): boolean {
  return kind !== "lmtp";
}
