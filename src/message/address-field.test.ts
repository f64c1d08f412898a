import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readAddressField } from "./address-field.ts";

/** name, route, mailbox, host; "-" for null. */
const shown = (value: string) =>
  readAddressField(value).map(({ name, route, mailbox, host }) =>
    [name, route, mailbox, host].map((text) => text ?? "-").join("|"),
  );

describe("an address field as it is shown", () => {
  const table: Record<string, readonly string[]> = {
    "a@b.test": ["-|-|a|b.test"],
    "Anna Example <a@b.test>": ["Anna Example|-|a|b.test"],
    "Anna   Example<a@b.test>": ["Anna Example|-|a|b.test"],
    "<a@b.test>": ["-|-|a|b.test"],
    '"Example, \\"A.\\"" <a@b.test>': ['Example, "A."|-|a|b.test'],
    "John Q. Public <j@b.test>": ["John Q. Public|-|j|b.test"],
    "a@b.test (Anna (at home))": ["Anna (at home)|-|a|b.test"],
    "Anna (x) <a@b.test>": ["Anna|-|a|b.test"],
    "(x) <a@b.test>": ["x|-|a|b.test"],
    "a@b.test, c@d.test": ["-|-|a|b.test", "-|-|c|d.test"],
    "a@b.test,, c@d.test,": ["-|-|a|b.test", "-|-|c|d.test"],
    "<@x.test,@y.test:a@b.test>": ["-|@x.test,@y.test|a|b.test"],
    "Team: a@b.test, c@d.test;": ["-|-|Team|-", "-|-|a|b.test", "-|-|c|d.test", "-|-|-|-"],
    "Team:;": ["-|-|Team|-", "-|-|-|-"],
    "group: a@b.test, c@d.test;, two: (x) ; , e@f.test": [
      "-|-|group|-",
      "-|-|a|b.test",
      "-|-|c|d.test",
      "-|-|-|-",
      "-|-|two|-",
      "-|-|-|-",
      "-|-|e|f.test",
    ],
    "Team: a@b.test": ["-|-|Team|-", "-|-|a|b.test", "-|-|-|-"],
    '"a b"@c.test': ["-|-|a b|c.test"],
    'x <"a@b"@c.test>': ["x|-|a@b|c.test"],
    "Anna a@b.test": ["Anna|-|a|b.test"],
    "a . b @ c.test": ["-|-|a.b|c.test"],
    "a@[192.0.2.1]": ["-|-|a|[192.0.2.1]"],
    somebody: ["-|-|somebody|"],
    "Some Body": ["-|-|Some Body|"],
    "<>": ["-|-||"],
    "x <": ["x|-||"],
    "": [],
    " (only a comment) ": [],
    "a@b.test <c@d.test>": ["a@b.test|-|c|d.test"],
    "=?ISO-8859-1?Q?Vogel=2C_J=FCrgen?= <m@example.org>": ["=?ISO-8859-1?Q?Vogel=2C_J=FCrgen?=|-|m|example.org"],
    '=?UTF-8?Q?a=40victim.test=2C?= <b@example.com>, "x, y" <c@example.com>': [
      "=?UTF-8?Q?a=40victim.test=2C?=|-|b|example.com",
      "x, y|-|c|example.com",
    ],
  };
  for (const [value, entries] of Object.entries(table)) it(value, () => assert.deepEqual(shown(value), entries));

  it("does a bounded amount of work", () => {
    const begun = process.cpuUsage();
    for (const piece of ["(", "<", '"', ":", "a:", "a@b,", "@", " ", "\\", "a ", "(a", ";"])
      assert.ok(readAddressField(piece.repeat(250_000 / piece.length)).length < 5_000);
    const { user } = process.cpuUsage(begun);
    assert.ok(user < 2_000_000, `${user} µs`);
  });
});
