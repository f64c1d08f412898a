import type { Ip } from "../address/address.ts";
import { setOfCidr, has, unionOf, type IpSet } from "../address/ip-set.ts";
import { parseIp } from "../address/ip.ts";
import type { Clock } from "../time/clock.ts";
import { Dialogue, type Outcome } from "./dialogue.ts";
import { Health } from "./health.ts";
import { type Learnt, LookupCache } from "./lookup-cache.ts";
import { isAskable } from "./name.ts";
import type { NameServer } from "./name-server.ts";
import type { Question, RecordOf, RecordType } from "./question.ts";
import { joinFamilies, type Lookup, type LookupFailure, type MxRecord, type Resolver } from "./resolver.ts";
import { Turns } from "./turns.ts";

export type StubOptions = {
  /** In the order in which to ask them. */
  readonly servers: () => readonly NameServer[];
  /** Whose AD bit is believed: those of which neither they nor the way to them can be somebody else's. */
  readonly trusted: IpSet;
  /** For one answer in the first round; twice that in the second. */
  readonly timeoutMs: number;
  /** This machine's own names, in lower case. */
  readonly hosts: () => ReadonlyMap<string, readonly Ip[]>;
  readonly clock: Clock;
};

const rounds = 2;
const mostServers = 3;
/** Names and records together, for each of the two kinds of lookup. */
const mostKept = 20_000;
/** Servers below us keep it longer; a name that moves must not be gone for us much longer than its owner wanted. */
const keptAtMostSeconds = 3_600;
/** RFC 2308 §5 suggests one to three hours at most: mail that was told "no such domain" is gone, so rather less. */
const noneKeptAtMostSeconds = 900;
/** RFC 9520 §3.2: a failure is kept too, for a moment, so that a thousand messages do not ask a thousand times. */
const failureKeptSeconds = 5;

const loopback: readonly Ip[] = ["127.0.0.1", "::1"].flatMap((text) => parseIp(text) ?? []);
export const loopbackSet: IpSet = unionOf(loopback.map((ip) => setOfCidr(ip, ip.family === 4 ? 8 : 128)));

/**
 * Asks recursive servers (RFC 1034 §5.3.1), keeps what it learns for as long as its owner lets it, and tells apart "there is
 * none" from "nobody knows". It verifies no signatures itself. Names are whole: search lists are never used.
 */
export class StubResolver implements Resolver {
  readonly #options: StubOptions;
  readonly #dialogue = new Dialogue();
  readonly #health: Health;
  // More at once would only fill the buffers of sockets, where what does not fit is lost.
  readonly #turns = new Turns({ atOnce: 100, waiting: 10_000 });
  readonly #closing = new AbortController();
  readonly #mx: LookupCache<MxRecord>;
  readonly #addresses: LookupCache<Ip>;

  constructor(options: StubOptions) {
    this.#options = options;
    this.#health = new Health(options.clock);
    this.#mx = new LookupCache(options.clock, mostKept);
    this.#addresses = new LookupCache(options.clock, mostKept);
  }

  resolveMx(domain: string): Promise<Lookup<MxRecord>> {
    return this.#mx.find(domain, this.#learnMx);
  }

  resolveAddresses(host: string): Promise<Lookup<Ip>> {
    return this.#addresses.find(host, this.#learnAddresses);
  }

  resolveHost(host: string): Promise<Lookup<Ip>> {
    const records = this.#options.hosts().get(host);
    return records === undefined ? this.resolveAddresses(host) : Promise.resolve({ records, isAuthentic: false });
  }

  /** Ends what is under way as failed; for the end of the process. */
  close(): void {
    this.#closing.abort();
  }

  readonly #learnMx = async (name: string): Promise<Learnt<MxRecord>> =>
    isLoopbackName(name) ? known("nodata") : learnt(await this.#ask({ name, type: "MX" }));

  readonly #learnAddresses = async (name: string): Promise<Learnt<Ip>> => {
    // RFC 6761 §6.3: these names are this machine, whatever a server says.
    if (isLoopbackName(name)) return known({ records: loopback, isAuthentic: false });
    const [six, four] = await Promise.all([this.#ask({ name, type: "AAAA" }), this.#ask({ name, type: "A" })]);
    const [one, other] = [learnt(six), learnt(four)];
    const lookup = joinFamilies(one.lookup, other.lookup);
    // The shorter life of the two, even if one of them is a failure: that family is asked for again soon.
    return { lookup, keepSeconds: Math.min(one.keepSeconds, other.keepSeconds) };
  };

  async #ask<K extends RecordType>(question: Question<K>): Promise<Outcome<RecordOf[K]>> {
    // RFC 6761 §6.4: never a name. What cannot be asked cannot exist either.
    if (isUnder(question.name, "invalid") || !isAskable(question.name)) return { none: "nxdomain", keepSeconds: 60 };
    return (await this.#turns.take(() => this.#askServers(question))) ?? { failed: "busy" };
  }

  /** Server after server, then those again that said nothing. A failure that a server states is its last word. */
  async #askServers<K extends RecordType>(question: Question<K>): Promise<Outcome<RecordOf[K]>> {
    const { clock, timeoutMs } = this.#options;
    let worst: LookupFailure = "unreachable";
    const silent = new Set(this.#options.servers());
    for (let round = 0; round < rounds; round++) {
      for (const server of this.#health.inOrder([...silent]).slice(0, mostServers)) {
        const asking = { clock, timeoutMs: timeoutMs * (round + 1), signal: this.#closing.signal };
        const outcome = await this.#dialogue.ask(server, question, asking);
        const isSilent = "failed" in outcome && (outcome.failed === "timeout" || outcome.failed === "unreachable");
        if (isSilent) this.#health.wasSilent(server);
        else this.#health.answered(server);
        if (!("failed" in outcome)) return this.#trusting(outcome, server);
        if (!isSilent) silent.delete(server);
        if (telling.indexOf(outcome.failed) > telling.indexOf(worst)) worst = outcome.failed;
      }
    }
    return { failed: worst };
  }

  #trusting<T>(outcome: Outcome<T>, { ip }: NameServer): Outcome<T> {
    if (!("records" in outcome) || !outcome.isAuthentic || has(this.#options.trusted, ip)) return outcome;
    return { ...outcome, isAuthentic: false };
  }
}

/** From the least to the most that a failure tells. */
const telling: readonly LookupFailure[] = ["busy", "unreachable", "timeout", "malformed", "lame", "servfail"];

function learnt<T>(outcome: Outcome<T>): Learnt<T> {
  if ("records" in outcome) {
    const { records, isAuthentic, keepSeconds } = outcome;
    return { lookup: { records, isAuthentic }, keepSeconds: Math.min(keepSeconds, keptAtMostSeconds) };
  }
  if ("none" in outcome) {
    return { lookup: outcome.none, keepSeconds: Math.min(outcome.keepSeconds, noneKeptAtMostSeconds) };
  }
  return { lookup: outcome, keepSeconds: outcome.failed === "busy" ? 0 : failureKeptSeconds };
}

const known = <T>(lookup: Lookup<T>): Learnt<T> => ({ lookup, keepSeconds: keptAtMostSeconds });

const isUnder = (name: string, top: string) => name === top || name.endsWith(`.${top}`);
const isLoopbackName = (name: string) => isUnder(name, "localhost");
