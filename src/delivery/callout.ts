import { isAscii } from "node:buffer";
import type { Address } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";
import type { Destination } from "../policy/decision.ts";
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
  /** The host that an entry names for this recipient; `null`: none does. */
  readonly destinationOf: (address: Address) => Extract<Destination, { kind: "away" }> | null;
  readonly targetFor: (destination: Extract<Destination, { kind: "away" }>) => Promise<Target | RecipientOutcome>;
  readonly now: () => number;
};

/** How long an answer is believed; "could not be found out" is asked again soon, so that a flood meets no dead host each time. */
const believedMs: Readonly<Record<Existence, number>> = {
  exact: 3_600_000,
  covered: 3_600_000,
  none: 600_000,
  unknowable: 15_000,
  loop: 15_000,
};
const mostRemembered = 20_000;
/** A client waits for the answer: the host has less time than for a message. */
const mostWaitMs = 20_000;

/** Asks the host of a gateway or unknown-to entry whether it takes a recipient (relay-policy §2.1), and remembers both answers. */
export class Callout {
  readonly #options: CalloutOptions;
  readonly #known = new Map<string, { readonly existence: Existence; readonly until: number }>();
  readonly #underWay = new Map<string, Promise<Existence>>();

  constructor(options: CalloutOptions) {
    this.#options = options;
  }

  existence(address: Address): Existence | Promise<Existence> {
    const key = formatAddress(address);
    const known = this.#known.get(key);
    if (known !== undefined && known.until > this.#options.now()) return known.existence;
    let asking = this.#underWay.get(key);
    if (asking === undefined) {
      asking = this.#ask(address)
        .catch((): Existence => "unknowable")
        .then((existence) => this.#remember(key, existence));
      this.#underWay.set(key, asking);
    }
    return asking;
  }

  #remember(key: string, existence: Existence): Existence {
    this.#underWay.delete(key);
    if (this.#known.size >= mostRemembered) this.#known.clear();
    this.#known.set(key, { existence, until: this.#options.now() + believedMs[existence] });
    return existence;
  }

  async #ask(address: Address): Promise<Existence> {
    const { destinationOf, targetFor, connector, limits } = this.#options;
    const destination = destinationOf(address);
    const target = destination === null ? null : await targetFor(destination);
    if (target === null || "result" in target) return "unknowable";
    const client = await connector.openAny(target, shortened(limits));
    if (!("peer" in client)) return "unknowable";
    try {
      return await askOn(client, formatAddress(address), shortened(limits));
    } catch (error) {
      if (!(error instanceof PeerLost)) throw error;
      return "unknowable";
    } finally {
      client.peer.close();
    }
  }
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
