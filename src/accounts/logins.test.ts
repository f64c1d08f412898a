import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parseDomain } from "../address/domain.ts";
import type { Account } from "./account.ts";
import { loginsOf } from "./logins.ts";

function toAscii(text: string): string | null {
  const domain = parseDomain(text, { where: "document", trailingDot: "drop" });
  return typeof domain === "string" ? domain : null;
}

function loginsFor(...addresses: readonly string[]) {
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
  const accounts = addresses.map((text, id): Account => {
    const [name = "", domain = ""] = text.split("@");
    return { ...rights, id, name, domain, passwordVersion: 1, mailboxId: id };
  });
  const logins = loginsOf(accounts, toAscii);
  return {
    ...logins,
    who: (login: string) => logins.find(login) && `${logins.find(login)!.name}@${logins.find(login)!.domain}`,
  };
}

describe("logins", () => {
  const { who, canonical } = loginsFor(
    "anna@example.com",
    "bob@example.com",
    "bob@example.org",
    "eva@xn--mller-kva.example",
    "jörg@example.com",
    "guest@example.com",
    "anonymous@example.com",
  );

  for (const [login, found] of [
    ["anna", "anna@example.com"],
    ["ANNA", "anna@example.com"],
    ["Anna@Example.Com", "anna@example.com"],
    ["EXAMPLE\\anna", "anna@example.com"],
    ["example.com\\Anna", "anna@example.com"],
    ["EXAMPLE.ORG\\bob", "bob@example.org"],
    ["eva@müller.example", "eva@xn--mller-kva.example"],
    ["XN--MLLER-KVA\\eva", "eva@xn--mller-kva.example"],
    ["JÖRG@example.com", "jörg@example.com"],
    ["bob", null],
    ["EXAMPLE\\bob", null],
    ["bob@example.net", null],
    ["anna@", null],
    ["@example.com", null],
    ["anna@example", null],
    ["EXAMPL\\anna", null],
    ["\\anna", null],
    ["EXAMPLE\\", null],
    ["EXAMPLE\\anna@example.com", null],
    ["", null],
    ["guest", null],
    ["Guest@example.com", null],
    ["EXAMPLE\\guest", null],
    ["anonymous", null],
    ["anonymous@example.com", null],
    ["anna ", null],
  ] as const) {
    test(`${JSON.stringify(login)} is ${found ?? "nobody, or more than one"}`, () => assert.equal(who(login), found));
  }

  test("a whole name before the backslash wins over a first label", () => {
    const { who: find } = loginsFor("anna@corp", "anna@corp.example");
    assert.equal(find("corp\\anna"), "anna@corp");
  });

  test("all ways to write a name have one text, whether it exists or not", () => {
    for (const name of ["anna", "ghost"]) {
      const one = loginsFor("anna@example.com");
      const texts = [name, `${name}@example.com`, `EXAMPLE\\${name}`, `example.com\\${name.toUpperCase()}`];
      assert.deepEqual([...new Set(texts.map(one.canonical))], [`${name}@example.com`]);
    }
  });

  test("a name that nobody has stands for one domain among several, as a bare name would", () => {
    const bare = canonical("ghost");
    assert.match(bare, /^ghost@(example\.com|example\.org|xn--mller-kva\.example)$/);
    assert.equal(canonical(bare), bare);
    assert.equal(canonical("elsewhere\\ghost"), "ghost@elsewhere");
  });

  test("any text: no throw, and never somebody whose name is not in it", () => {
    const part = fc.constantFrom("anna", "bob", "example", "EXAMPLE.com", "@", "\\", ".", "", "xn--", "ä");
    const text = fc.oneof(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join("")),
      fc.string({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (login) => {
        canonical(login);
        const found = who(login);
        if (found !== null) assert.ok(login.toLowerCase().includes(found.split("@")[0]!));
      }),
      { numRuns: 1000 },
    );
  });
});
