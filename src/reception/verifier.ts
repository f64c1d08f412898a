import type { Address } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";
import type { Existence } from "../policy/facts.ts";
import type { VerifiedHost } from "../policy/routing-table.ts";
import { formatVerification } from "../policy/verification.ts";

/**
 * Asks a host, or the directory that its entry names, for one recipient. What goes wrong on the way is `unknowable`;
 * `unreachable`: nobody there could be spoken to at all.
 */
export type AskForRecipient = (address: Address, host: VerifiedHost) => Promise<Existence | "unreachable">;

export type VerifierOptions = {
  readonly ask: AskForRecipient;
  readonly now: () => number;
  readonly mostRemembered?: number;
  /** Questions under way to one host; further ones wait for their turn. */
  readonly mostAtOnce?: number;
  /** Questions that wait for one host; further ones are answered `unknowable`. */
  readonly mostWaiting?: number;
};

/** How long an answer is believed; "could not be found out" is asked again soon, so that a flood meets no dead host each time. */
const believedMs: Readonly<Record<Existence, number>> = {
  exact: 3_600_000,
  covered: 3_600_000,
  none: 600_000,
  unknowable: 15_000,
  loop: 15_000,
};

/** Nobody waits again for a host that could not be reached just now. */
const leftAloneMs = 30_000;
const mostLeftAlone = 10_000;

/**
 * Finds out whether a host of ours has a recipient (relay-policy §2.1), and remembers both answers. An answer belongs to
 * who was asked: an entry that names another host asks anew.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #known: Remembered;
  readonly #underWay = new Map<string, Promise<Existence>>();
  readonly #queues = new Map<string, Turns>();
  /** By who is asked: until when nobody is. */
  readonly #leftAlone = new Map<string, number>();

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#known = new Remembered(options.mostRemembered ?? 20_000);
  }

  existence(address: Address, host: VerifiedHost): Existence | Promise<Existence> {
    const asked = nameOf(host);
    const key = `${asked} ${formatAddress(address)}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.until > this.#options.now()) return known.existence;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    if ((this.#leftAlone.get(asked) ?? 0) > this.#options.now()) return "unknowable";
    const turns = this.#turnsAt(asked);
    if (turns.waiting >= (this.#options.mostWaiting ?? 500)) return "unknowable";
    const asking = this.#ask(address, { host, asked, turns }).then((existence) => {
      this.#underWay.delete(key);
      this.#known.set(key, { existence, until: this.#options.now() + believedMs[existence] });
      return existence;
    });
    this.#underWay.set(key, asking);
    return asking;
  }

  async #ask(address: Address, { host, asked, turns }: Asking): Promise<Existence> {
    const turn = turns.take();
    if (turn !== null) await turn;
    try {
      const answer = await this.#options.ask(address, host);
      if (answer !== "unreachable") return answer;
      if (this.#leftAlone.size >= mostLeftAlone) this.#leftAlone.clear();
      this.#leftAlone.set(asked, this.#options.now() + leftAloneMs);
      return "unknowable";
    } catch {
      return "unknowable";
    } finally {
      turns.give();
      if (turns.isIdle) this.#queues.delete(asked);
    }
  }

  #turnsAt(asked: string): Turns {
    let turns = this.#queues.get(asked);
    if (turns === undefined) this.#queues.set(asked, (turns = new Turns(this.#options.mostAtOnce ?? 20)));
    return turns;
  }
}

type Asking = { readonly host: VerifiedHost; readonly asked: string; readonly turns: Turns };
type Answer = { readonly existence: Existence; readonly until: number };

function nameOf({ nextHop, recipients }: VerifiedHost): string {
  if (recipients.by === "ldap") return formatVerification(recipients);
  return nextHop.via === "host" ? `${nextHop.host}:${nextHop.port}` : `mx ${nextHop.domain}`;
}

/** The newest answers in two generations: when the young one is full, the old one is forgotten. */
class Remembered {
  readonly #half: number;
  #young = new Map<string, Answer>();
  #old = new Map<string, Answer>();

  constructor(most: number) {
    this.#half = Math.ceil(most / 2);
  }

  get(key: string): Answer | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, answer: Answer): void {
    if (this.#young.size >= this.#half) [this.#old, this.#young] = [this.#young, new Map()];
    this.#young.set(key, answer);
  }
}

/** So many at the same time, the others one after the other. */
class Turns {
  #free: number;
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = this.#most = most;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get isIdle(): boolean {
    return this.#free === this.#most;
  }

  /** Resolves at one's turn; `null`: it is now. */
  take(): Promise<void> | null {
    if (this.#free === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#free--;
    return null;
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
