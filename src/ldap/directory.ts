import type { Address } from "../address/address.ts";
import type { Emit } from "../events/emit.ts";
import type { Existence } from "../policy/facts.ts";
import { filterFor } from "./filter.ts";

/** One connection to a directory, logged in. It never opens itself again: that would be without TLS and without a login. */
export interface LdapConnection {
  readonly isOpen: boolean;
  /** How many entries match (one is as good as many), and how many other servers would have to be asked. Throws. */
  search(filter: string): Promise<{ readonly entries: number; readonly referrals: number }>;
  close(): void;
}

export type DirectoryOptions = {
  readonly name: string;
  readonly open: () => Promise<LdapConnection>;
  /** With placeholders for the recipient. */
  readonly filter: string;
  readonly now: () => number;
  readonly emit: Emit;
};

/** After a connection could not be opened, nobody waits for another attempt for so long. */
const restMs = 5_000;

/** Asks a directory for recipients over one connection that is kept; what it cannot say is `unknowable`. */
export class LdapDirectory {
  readonly #options: DirectoryOptions;
  #connection: Promise<LdapConnection> | null = null;
  #restsUntil = -Infinity;
  #isTroubled = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  async existence(address: Address): Promise<Existence> {
    try {
      const { entries, referrals } = await this.#search(filterFor(this.#options.filter, address));
      this.#isTroubled = false;
      // Never "exact": the filter is the administrator's, and may take more names than one.
      if (entries > 0) return "covered";
      return referrals > 0 ? "unknowable" : "none";
    } catch (error) {
      this.#tell(error);
      return "unknowable";
    }
  }

  close(): void {
    void this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
    this.#connection = null;
  }

  async #search(filter: string): ReturnType<LdapConnection["search"]> {
    for (;;) {
      const kept = this.#connection;
      const opened = kept ?? this.#open();
      const connection = await opened;
      try {
        return await connection.search(filter);
      } catch (error) {
        if (connection.isOpen) throw error;
        if (this.#connection === opened) this.#connection = null;
        // A server closes what was idle: a question that meets this is asked again over a new connection.
        if (kept === null) throw error;
      }
    }
  }

  #open(): Promise<LdapConnection> {
    if (this.#options.now() < this.#restsUntil) throw new Error("it could not be reached a moment ago");
    const opening = this.#options.open();
    this.#connection = opening;
    opening.catch(() => {
      this.#connection = null;
      this.#restsUntil = this.#options.now() + restMs;
    });
    return opening;
  }

  /** Once for as long as it lasts: a flood of strangers' recipients must not fill the log. */
  #tell(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    const problem = error instanceof Error ? error.message : String(error);
    this.#options.emit({
      name: "trouble",
      doing: `asking the directory ${this.#options.name} for a recipient`,
      problem,
    });
  }
}
