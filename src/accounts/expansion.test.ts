import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Address } from "../address/address.ts";
import { formatAddress, parseAddress } from "../address/path.ts";
import type { Account } from "./account.ts";
import type { Alias } from "./alias.ts";
import { lookUp, type DomainKind } from "./expansion.ts";
import { namesOf } from "./names.ts";

function address(text: string): Address {
  const parsed = parseAddress(text, { kind: "forward", allowsUtf8: true });
  assert.ok(!("refused" in parsed), text);
  return parsed;
}

function account(text: string, id: number): Account {
  const [name = "", domain = ""] = text.split("@");
  const rights = {
    isEnabled: true,
    mayRelay: true,
    senders: "own",
    maySendAs: [],
    plusAddressing: true,
    plusMailbox: "none",
    quota: null,
    forwardTo: [],
    keepsForwarded: true,
  } as const;
  return { ...rights, id, name, domain, passwordVersion: 1, mailboxId: id };
}

/** Accounts by address; aliases as "name: target target". */
function here(
  accounts: readonly string[],
  aliases: readonly string[],
  kinds: Readonly<Record<string, DomainKind>> = {},
) {
  const made = aliases.map((line, id): Alias => {
    const [name = "", targets = ""] = line.split(": ");
    const { localPart, domain } = address(name);
    return {
      id,
      kind: localPart === "*" ? "catch-all" : "alias",
      localPart,
      domain,
      targets: targets.split(" ").map(address),
    };
  });
  const domains = { kindOf: (domain: string) => kinds[domain] ?? (domain === "example.com" ? "here" : "away") };
  return namesOf(accounts.map(account), made, domains);
}

/** "exact anna@example.com, away c@example.org" */
function find(text: string, names: ReturnType<typeof here>): string {
  const { existence, expansion } = lookUp(address(text), names);
  if (typeof expansion === "string") return existence === expansion ? existence : `${existence} ${expansion}`;
  const mailboxes = expansion.mailboxes.map(({ name, domain }) => `${name}@${domain}`).toSorted();
  const away = expansion.away.map((one) => `away ${formatAddress(one)}`).toSorted();
  return `${existence} ${[...mailboxes, ...away].join(", ")}`;
}

const people = ["info@example.com", "anna@example.com"];

describe("looking an address up", () => {
  for (const [what, aliases, asked, found] of [
    ["a mailbox, in any case", [], "Anna@example.com", "exact anna@example.com"],
    ["nobody", [], "nobody@example.com", "none"],
    ["a tag behind a plus", [], "Anna+Shop@example.com", "covered anna@example.com"],
    ["a tag alone", [], "+shop@example.com", "none"],
    ["an alias", ["sales@example.com: anna@example.com"], "SALES@example.com", "exact anna@example.com"],
    ["an alias to a tag", ["sales@example.com: anna+sales@example.com"], "sales@example.com", "exact anna@example.com"],
    [
      "an alias of exactly a tagged name",
      ["anna+x@example.com: info@example.com"],
      "anna+x@example.com",
      "exact info@example.com",
    ],
    [
      "a list, a list in it, one of ours twice",
      [
        "all@example.com: anna@example.com more@example.com",
        "more@example.com: info@example.com ANNA@example.com b@example.org",
      ],
      "all@example.com",
      "exact anna@example.com, info@example.com, away b@example.org",
    ],
    [
      "away, where case may matter",
      ["x@example.com: B@example.org b@example.org b@example.org"],
      "x@example.com",
      "exact away B@example.org, away b@example.org",
    ],
    ["a forward without a copy", ["anna@example.com: b@example.org"], "anna@example.com", "exact away b@example.org"],
    [
      "a tag follows the forward",
      ["anna@example.com: b@example.org"],
      "anna+x@example.com",
      "covered away b@example.org",
    ],
    [
      "O-36 c: a forward that keeps a copy",
      ["anna@example.com: anna@example.com c@example.org"],
      "anna@example.com",
      "exact anna@example.com, away c@example.org",
    ],
    ["O-36 a: to itself, without a mailbox", ["a@example.com: a@example.com"], "a@example.com", "loop"],
    [
      "O-36 b: to each other",
      ["a@example.com: b@example.com", "b@example.com: a@example.com"],
      "a@example.com",
      "loop",
    ],
    [
      "a ring with a way out is followed once",
      ["a@example.com: b@example.com", "b@example.com: a@example.com anna@example.com"],
      "a@example.com",
      "exact anna@example.com",
    ],
    ["an alias to nobody", ["a@example.com: gone@example.com"], "a@example.com", "none"],
    [
      "an alias by two ways to nobody is no loop",
      [
        "a@example.com: b@example.com c@example.com",
        "b@example.com: gone@example.com",
        "c@example.com: gone@example.com",
      ],
      "a@example.com",
      "none",
    ],
    [
      "a target that is gone does not hold up the others",
      ["a@example.com: gone@example.com anna@example.com"],
      "a@example.com",
      "exact anna@example.com",
    ],
    ["O-04: a catch-all", ["*@example.com: anna@example.com"], "x@example.com", "covered anna@example.com"],
    [
      "a catch-all does not touch those who are here",
      ["*@example.com: anna@example.com"],
      "info@example.com",
      "exact info@example.com",
    ],
    [
      "a plus wins over a catch-all",
      ["*@example.com: anna@example.com"],
      "info+x@example.com",
      "covered info@example.com",
    ],
    [
      "a catch-all is no alias called '*'",
      ["*@example.com: anna@example.com"],
      "*@example.com",
      "covered anna@example.com",
    ],
    ["a catch-all that leads to itself", ["*@example.com: x@example.com"], "y@example.com", "loop"],
    ["a literal is nobody's", ["*@example.com: anna@example.com"], "anna@[192.0.2.1]", "none"],
  ] as const) {
    test(what, () => assert.equal(find(asked, here(people, aliases)), found));
  }

  for (const disguised of [
    "bob%victim.test",
    "victim.test!bob",
    '"bob@victim.test"',
    "IMCEASMTP-bob+40victim+2Etest",
    "imcea-bob",
    "anna+bob%victim.test",
    "anna+x!y",
  ]) {
    test(`relay-policy §2.3: ${disguised} passes neither catch-all nor plus, only a mailbox of that name`, () => {
      const asked = `${disguised}@example.com`;
      const catchAll = "*@example.com: anna@example.com";
      assert.equal(find(asked, here(people, [catchAll])), "none");
      assert.equal(find(asked, here(people, [catchAll, `${asked}: info@example.com`])), "exact info@example.com");
    });
  }

  test("plus-addressing is the account's choice", () => {
    const names = here(people, []);
    const without = {
      ...names,
      account: (key: string) => names.account(key) && { ...names.account(key)!, plusAddressing: false },
    };
    assert.equal(find("anna+x@example.com", without), "none");
  });

  test("O-03: postmaster always exists, in any case, without a domain and at a literal", () => {
    for (const asked of [
      "Postmaster",
      "POSTMASTER@EXAMPLE.COM",
      "postmaster@[198.51.100.10]",
      '"postmaster"@example.com',
    ]) {
      assert.equal(find(asked, here(people, ["*@example.com: anna@example.com"])), "exact info@example.com");
      assert.equal(find(asked, here([], [])), "exact none");
    }
    assert.equal(
      find("postmaster@example.com", here(people, ["postmaster@example.com: anna@example.com"])),
      "exact anna@example.com",
    );
    assert.equal(
      find("postmaster@example.com", here(people, ["postmaster@example.com: postmaster@example.com"])),
      "exact info@example.com",
    );
    assert.equal(
      find("a@example.com", here(people, ["a@example.com: postmaster@example.com"])),
      "exact info@example.com",
    );
  });

  test("in a split domain, who is not here is at the other host", () => {
    const names = here(people, ["a@example.com: anna@example.com old@example.com"], { "example.com": "split" });
    assert.equal(find("a@example.com", names), "exact anna@example.com, away old@example.com");
    assert.equal(find("old@example.com", names), "none");
  });

  test("a domain that has moved away keeps no mail of aliases back", () => {
    const names = here(people, ["a@example.net: anna@example.com"], { "example.com": "away", "example.net": "here" });
    assert.equal(find("a@example.net", names), "exact away anna@example.com");
  });

  test("letters beyond ASCII: case and composition do not matter", () => {
    assert.equal(find("JO\u0308RG@example.com", here(["j\u00f6rg@example.com"], [])), "exact j\u00f6rg@example.com");
  });

  test("a chain of 20,000 aliases is followed without recursion", () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => `n${n}@example.com: n${n + 1}@example.com`);
    assert.equal(find("n0@example.com", here(["n20000@example.com"], chain)), "exact n20000@example.com");
    assert.equal(find("n0@example.com", here([], [...chain, "n20000@example.com: n0@example.com"])), "loop");
  });

  test("whatever points where: every end is reached once, and the answers agree", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e", "f");
    const target = fc.oneof(
      name.map((one) => `${one}@example.com`),
      fc.constantFrom("x@example.org", "anna@example.com"),
    );
    const aliases = fc.dictionary(name, fc.uniqueArray(target, { minLength: 1, maxLength: 4 }), { maxKeys: 6 });
    fc.assert(
      fc.property(aliases, (chosen) => {
        const lines = Object.entries(chosen).map(([from, targets]) => `${from}@example.com: ${targets.join(" ")}`);
        const names = here(people, lines);
        for (const from of Object.keys(chosen)) {
          const reached = new Set([`${from}@example.com`]);
          for (const one of reached) {
            const localPart = one.endsWith("@example.com") ? one.split("@")[0]! : "";
            for (const next of chosen[localPart] ?? []) reached.add(next);
          }
          const { existence, expansion } = lookUp(address(`${from}@example.com`), names);
          const ends = typeof expansion === "string" ? 0 : expansion.mailboxes.length + expansion.away.length;
          assert.equal(ends, ["anna@example.com", "x@example.org"].filter((end) => reached.has(end)).length);
          assert.equal(existence, ends > 0 ? "exact" : expansion);
        }
      }),
      { numRuns: 300 },
    );
  });
});
