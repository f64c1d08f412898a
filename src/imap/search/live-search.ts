import { overlap, without } from "../../address/intervals.ts";
import type { FetchItem } from "../command.ts";
import type { Came, LiveSearch, Selected } from "../context.ts";
import { joinNumbers, type Numbers, numbersOf, step } from "../number-set.ts";
import { formatNumbers } from "../view.ts";
import { find } from "./find.ts";
import type { Question } from "./question.ts";
import { formatUpdate } from "./results.ts";

export type LiveSearchOptions = {
  readonly tag: string;
  readonly byUid: boolean;
  readonly question: Question;
  readonly results: Numbers;
  readonly items: readonly FetchItem[];
};

/** A search with UPDATE (RFC 5267 §4.3): knows what it said, and says what is different. */
export class UpdatedSearch implements LiveSearch {
  readonly #selected: Selected;
  readonly #options: LiveSearchOptions;
  #results: Numbers;

  constructor(selected: Selected, options: LiveSearchOptions) {
    this.#selected = selected;
    this.#options = options;
    this.#results = options.results;
  }

  get items(): readonly FetchItem[] {
    return this.#options.items;
  }

  left(uids: Numbers): string {
    return this.#remove(overlap(this.#results, uids));
  }

  async came(uids: Numbers): Promise<Came> {
    const found = await find(this.#selected.mailbox, this.#options.question, uids);
    const fitting = numbersOf(found.map(({ uid }) => uid));
    const lines = this.#remove(without(overlap(this.#results, uids), fitting, step));
    const added = without(fitting, this.#results, step);
    if (added.length === 0) return { lines, added };
    this.#results = joinNumbers([...this.#results, ...added]);
    return { lines: lines + formatUpdate("ADDTO", this.#named(added), this.#options), added };
  }

  #remove(removed: Numbers): string {
    if (removed.length === 0) return "";
    this.#results = without(this.#results, removed, step);
    return formatUpdate("REMOVEFROM", this.#named(removed), this.#options);
  }

  #named(uids: Numbers): string {
    return formatNumbers(this.#options.byUid ? uids : this.#selected.view.numbersOf(uids));
  }
}
