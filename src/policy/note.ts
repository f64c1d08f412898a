import type { Condition } from "./decision.ts";

/**
 * Takes down each condition that was asked, in order. Without one nothing is written and no text is built: the same
 * judgement serves the session and `explain`.
 */
export class Note {
  readonly conditions: Condition[] = [];

  add(condition: string, matched: boolean, because?: string): void {
    this.conditions.push(because === undefined ? { condition, matched } : { condition, matched, because });
  }
}
