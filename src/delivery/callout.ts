import { isAscii } from "node:buffer";
import type { Address } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";
import type { Destination, NextHop } from "../policy/decision.ts";
import type { Existence } from "../policy/facts.ts";
import type { RecipientOutcome } from "../queue/entry.ts";
import type { Client, ClientLimits } from "./client.ts";
import type { Connector } from "./connector.ts";
import { isPositive } from "./outcome.ts";
import { PeerLost } from "./peer.ts";
import type { Target } from "./target.ts";

export type CalloutOptions = {
  readonly connector: Connector;
  readonly limits: ClientLimits;
  readonly targetFor: (destination: Extract<Destination, { kind: "away" }>) => Promise<Target | RecipientOutcome>;
};

/** A client waits for the answer: the host has less time than for a message. */
const mostWaitMs = 20_000;

/** Asks the host of a gateway or unknown-to entry whether it takes a recipient (relay-policy §2.1). */
export function calloutBy({ connector, limits, targetFor }: CalloutOptions) {
  const short = shortened(limits);
  return async function ask(address: Address, nextHop: NextHop): Promise<Existence | "unreachable"> {
    // By MX only we ourselves are a backup: neither we nor worse exchanges are asked.
    const target = await targetFor({ kind: "away", address, nextHop, isBackupMx: nextHop.via === "mx" });
    if ("result" in target) return "unknowable";
    const client = await connector.openAny(target, short);
    if (!("peer" in client)) return "unreachable";
    try {
      return await askOn(client, formatAddress(address), short);
    } catch (error) {
      if (!(error instanceof PeerLost)) throw error;
      return "unknowable";
    } finally {
      client.peer.close();
    }
  };
}

async function askOn({ peer, extensions }: Client, path: string, limits: ClientLimits): Promise<Existence> {
  const needsUtf8 = !isAscii(Buffer.from(path));
  // A host that does not take such names has none.
  if (needsUtf8 && !extensions.has("SMTPUTF8")) return "none";
  // The null reverse-path: the host must not call us back (RFC 5321 §4.5.5).
  peer.write(`MAIL FROM:<>${needsUtf8 ? " SMTPUTF8" : ""}\r\n`);
  const mail = await peer.reply(limits.command);
  if (!isPositive(mail)) return "unknowable";
  peer.write(`RCPT TO:<${path}>\r\n`);
  const rcpt = await peer.reply(limits.command);
  peer.quit();
  // Never "exact": a host that takes every name would let through forms that hide another address (§2.3).
  if (rcpt.code === 250 || rcpt.code === 251) return "covered";
  return rcpt.code >= 550 && rcpt.code <= 553 ? "none" : "unknowable";
}

function shortened(limits: ClientLimits): ClientLimits {
  const capped = (ms: number) => Math.min(ms, mostWaitMs);
  return {
    ...limits,
    connect: capped(limits.connect),
    greeting: capped(limits.greeting),
    command: capped(limits.command),
  };
}
