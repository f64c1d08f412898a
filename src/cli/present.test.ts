import assert from "node:assert/strict";
import { test } from "node:test";
import { present } from "./present.ts";
import { tableOf } from "./table.ts";

test("a table has a head, and columns as wide as they need", () => {
  const rows = [
    { to: "a@b.test", enabled: true, also: [] },
    { to: "long@address.test", enabled: false, also: ["x", "y"] },
  ];
  assert.equal(
    tableOf(rows, undefined),
    ["to                 enabled  also", "a@b.test           yes      –", "long@address.test  no       x, y"].join(
      "\n",
    ),
  );
});

test("a table fits its terminal, and cuts nothing", () => {
  const words = "550 5.1.1 no such mailbox here, ".repeat(5);
  const text = tableOf([{ message: "4000001", said: words, host: "mx.example.net" }], 60);
  assert.ok(text.split("\n").every((line) => line.length <= 60));
  const squeezed = text.replace("mx.example.net", "").replaceAll(/\s/g, "");
  assert.ok(squeezed.includes(words.replaceAll(" ", "")));
});

test("a stranger's text cannot move the terminal, in whatever it stands", () => {
  const hostile = "\u001b[2J\u202e\r\n";
  const shown = [
    present("account list", [{ to: hostile }]),
    present("account add", { account: hostile }),
    present("queue show", { recipients: [{ waits: hostile }], attempts: [] }),
    present("check", [{ about: hostile, level: "note", finding: hostile }]),
    present("explain", {
      to: hostile,
      verdict: "refuse",
      rule: "never",
      trace: [{ condition: hostile, matched: true, because: hostile }],
    }),
    present("decisions", [hostile]),
  ];
  for (const { text } of shown) {
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    assert.match(text, /\\u\{1b\}/);
  }
});

test("check fails only for an error", () => {
  const code = (level: string) => present("check", [{ about: "a", level, finding: "f" }]).code;
  assert.deepEqual([code("note"), code("warning"), code("error"), present("check", []).code], [0, 0, 1, 0]);
});

test("nothing is said to be nothing", () => {
  assert.equal(present("account list", []).text, "none");
  assert.equal(present("check", []).text, "Everything is in order.");
  const unchanged = {
    listeners: [],
    destinations: { opened: [], closed: [] },
    entries: { added: [], removed: [], changed: [] },
    routes: { added: [], removed: [], changed: [] },
    recipients: [],
    openRelay: { before: false, after: false },
  };
  assert.equal(present("policy diff", unchanged).text, "Nothing changes for anybody.");
});
