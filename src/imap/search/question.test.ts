import assert from "node:assert/strict";
import { it } from "node:test";
import type { SearchKey } from "../command.ts";
import type { MessageRow } from "../mail.ts";
import { View } from "../view.ts";
import { judgeRow } from "./evaluate.ts";
import { questionOf } from "./question.ts";

it("counts in whole seconds how old a message is (RFC 5032)", () => {
  const view = new View({ uids: [], highestModseq: 1, recentFrom: 1 });
  const table: [SearchKey, number, number, boolean][] = [
    // The client asked at .100, and its question was read at .900.
    [{ is: "younger", seconds: 60 }, 1_000_000_000, 1_000_060_900, true],
    [{ is: "younger", seconds: 60 }, 1_000_000_000, 1_000_061_000, false],
    [{ is: "younger", seconds: 60 }, 1_000_000_999, 1_000_060_000, true],
    [{ is: "older", seconds: 60 }, 1_000_000_999, 1_000_060_000, true],
    [{ is: "older", seconds: 60 }, 1_000_000_000, 1_000_059_999, false],
    [{ is: "older", seconds: 60 }, 1_000_001_000, 1_000_060_999, false],
  ];
  for (const [key, internalDate, now, answer] of table) {
    const row = { internalDate } as MessageRow;
    assert.equal(judgeRow(questionOf(key, { view, now }), row), answer, JSON.stringify([key, internalDate, now]));
  }
});
