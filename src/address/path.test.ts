import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { ReversePath } from "./address.ts";
import { formatAddress, isAsciiAddress, parseAddress, parsePath } from "./path.ts";
import type { PathWanted } from "./path.ts";

const forward: PathWanted = { kind: "forward", allowsUtf8: false, brackets: "required" };
const reverse: PathWanted = { kind: "reverse", allowsUtf8: false, brackets: "required" };

const show = (path: ReversePath): string => (path === null ? "<>" : `<${formatAddress(path)}>`);
/** What is read behind the colon and what is left of the line; `null` for a refusal. */
function read(text: string, want: PathWanted): [string, string] | null {
  const line = `VERB:${text}`;
  const found = parsePath(line, 5, want);
  return "refused" in found ? null : [show(found.path), line.slice(found.end)];
}

describe("a forward-path", () => {
  const accepted: [string, string, string][] = [
    ["<info@example.com>", "<info@example.com>", ""],
    ["<Info@EXAMPLE.COM>", "<Info@example.com>", ""], // O-05: the local part keeps its case
    ["<info@example.com.>", "<info@example.com>", ""], // O-05: RCPT drops one dot
    ["\t <bob@example.com> NOTIFY=NEVER", "<bob@example.com>", " NOTIFY=NEVER"], // O-12
    ['<"a b"@example.com>', '<"a b"@example.com>', ""], // O-18
    ['<"a\\"b>c"@example.com> X=1', '<"a\\"b>c"@example.com>', " X=1"], // O-18
    ['<"bob@victim.test x"@example.com>', '<"bob@victim.test x"@example.com>', ""], // O-02
    ['<"bob"@example.com>', "<bob@example.com>", ""],
    ["<postmaster>", "<postmaster>", ""], // O-03
    ["<PostMaster>", "<PostMaster>", ""],
    ["<POSTMASTER@EXAMPLE.COM>", "<POSTMASTER@example.com>", ""],
    ["<@a.test,@b.test:user@c.test>", "<user@c.test>", ""],
    ["<@[192.0.2.1]:user@c.test>", "<user@c.test>", ""],
    ["<@[IPv6:::1],@b.test:user@c.test>", "<user@c.test>", ""],
    ["<u@[IPv6:::ffff:10.1.2.3]>", "<u@[10.1.2.3]>", ""],
    ["<u@[tag:x>y@z]>", "<u@[tag:x>y@z]>", ""],
    ["<u%v.test@example.com>", "<u%v.test@example.com>", ""],
    ["<v.test!u@example.com>", "<v.test!u@example.com>", ""],
  ];
  for (const [text, path, rest] of accepted) {
    it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(read(text, forward), [path, rest]));
  }

  const refused = `<> <"probe%victim.test"> <probe@victim.test@> <probe@> <probe> <@victim.test> <u@v.test@example.com>
    <ab"c"d@example.com> <a@example.com>x <a@example.com>,<b@example.com> a@example.com <a@example.com a@example.com>
    <<a@example.com>> <a@example.com>> <"postmaster"> <postmaster@> <postmaster.> <@a.test:> <@a.test> <@a.test,:u@b.test>
    <@a.test,b.test:u@c.test> <@:u@c.test> <a.test:u@c.test> <@a_b.test:u@c.test> <@a.test:@b.test:u@c.test> <@a.test:u>
    <u@167838211> <u@#167838211> <u@1.2.3.4> <u@[127.0.0.1]@v.test> <u@v.test#example.com> <u@v.test\\@example.com>
    <(x)u@v.test> <u(@x)@v.test> <u@v.test(@x)> <u@v_w.test> <u@.v.test> <u@v.test..> <u@v..test> <u@[10.1.2.3> <u@[]>
    <jürgen@example.com> <u@bücher.example> <u@*.v.test>`.split(/\s+/);
  // O-01, O-02, O-18 and the forms that only differ for a careless parser
  for (const text of [
    "",
    "<",
    ">",
    " ",
    "< a@b.test>",
    "<a@b.test >",
    "<a@b.test x@y.test>",
    "<u@v.test\0@x.test>",
    "<u@v\t.test>",
    ...refused,
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(read(text, forward), null));
  }
});

describe("a reverse-path", () => {
  const accepted: [string, string, string][] = [
    ["<>", "<>", ""],
    [" <> SIZE=1", "<>", " SIZE=1"],
    ["<scan@example.com>", "<scan@example.com>", ""],
    ['<"Ann Lee"@example.org> SIZE=900', '<"Ann Lee"@example.org>', " SIZE=900"], // O-18
    ["<@a.test:u@b.test>", "<u@b.test>", ""],
  ];
  for (const [text, path, rest] of accepted) {
    it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(read(text, reverse), [path, rest]));
  }
  // O-05: MAIL refuses the trailing dot. O-18: what follows the bracket.
  for (const text of ["<>>>", "<>x", "< >", "<x>", "<postmaster>", "<u@example.com.>", "<@a.test:>", "u@example.com"]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(read(text, reverse), null));
  }
});

describe("brackets that may be missing", () => {
  const optional: PathWanted = { ...reverse, brackets: "optional" };
  const accepted: [string, string, string][] = [
    ["scan@example.com", "<scan@example.com>", ""], // O-12
    [" scan@example.com SIZE=1", "<scan@example.com>", " SIZE=1"],
    ['"a b"@example.com X', '<"a b"@example.com>', " X"],
    ["<scan@example.com> X", "<scan@example.com>", " X"],
    ["u@[192.0.2.1] X", "<u@[192.0.2.1]>", " X"],
    ["<>", "<>", ""],
  ];
  for (const [text, path, rest] of accepted) {
    it(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(read(text, optional), [path, rest]));
  }
  for (const text of [
    "",
    "scan",
    "scan@example.com>",
    "@a.test:u@b.test",
    "a@b.test,c@d.test",
    "postmaster",
    "<a@b.test",
    "a@b.test@",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(read(text, optional), null));
  }
});

/** That many characters of labels, with a dot at the end. */
const labels = (length: number): string => `${"d".repeat(60)}.`.repeat(5).slice(-length);

describe("limits of RFC 5321 §4.5.3.1", () => {
  const local = "l".repeat(64);

  it("are 256 octets for the path with its brackets", () => {
    assert.ok(read(`<${local}@${labels(188)}a>`, forward));
    assert.equal(read(`<${local}@${labels(189)}a>`, forward), null);
    assert.ok(read(`<l@a${labels(250)}b>`, forward));
    assert.equal(read(`<l@aa${labels(250)}b>`, forward), null);
  });
  it("do not count the source route, which has its own", () => {
    assert.ok(read(`<@${labels(200)}a:${local}@${labels(150)}a>`, forward));
    assert.equal(read(`<${"@a.test,".repeat(40)}@b.test:u@c.test>`, forward), null);
  });
  it("count the domain as it is sent on", () => {
    const want: PathWanted = { ...forward, allowsUtf8: true };
    const found = parsePath(`<u@${"例え.".repeat(20)}test>`, 0, want);
    assert.ok(!("refused" in found) && found.path !== null);
    assert.ok(formatAddress(found.path).length <= 254);
  });
});

describe("UTF-8 in paths (RFC 6531)", () => {
  const utf8: PathWanted = { ...forward, allowsUtf8: true };

  it("is kept in the local part and made A-labels in the domain", () => {
    assert.deepEqual(read("<jürgen@BÜCHER.example> X", utf8), ["<jürgen@xn--bcher-kva.example>", " X"]);
    assert.equal(read("<a\ufffdb@example.com>", utf8), null);
    assert.equal(read("<u@mail.example.testé..invalid>", utf8), null);
  });
  it("is what decides whether a host without SMTPUTF8 can be sent to", () => {
    assert.equal(isAsciiAddress({ localPart: "jürgen", domain: "example.com" }), false);
    assert.equal(isAsciiAddress({ localPart: "u", domain: "xn--bcher-kva.example" }), true);
  });
});

describe("parseAddress", () => {
  const want = { kind: "forward", allowsUtf8: true } as const;
  const accepted: [string, string][] = [
    ["bob@example.com", "bob@example.com"],
    [" <bob@example.com.> ", "bob@example.com"],
    ["bob@bücher.example", "bob@xn--bcher-kva.example"],
    ['"a b"@example.com', '"a b"@example.com'],
    ["postmaster", "postmaster"],
    ["<@a.test:u@b.test>", "u@b.test"],
  ];
  for (const [text, address] of accepted) {
    it(`takes ${text}`, () => {
      const found = parseAddress(text, want);
      assert.equal("refused" in found ? found.refused : formatAddress(found), address);
    });
  }
  for (const text of [
    "",
    "bob",
    "<>",
    "a@b.test c@d.test",
    "<a@b.test> x",
    "a@b.test,c@d.test",
    "<a@b.test",
    "a@b.test>",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      for (const kind of ["forward", "reverse"] as const) assert.ok("refused" in parseAddress(text, { ...want, kind }));
    });
  }
  it("carries the literal along", () => {
    assert.deepEqual(parseAddress("u@[IPv6:2001:DB8::7]", want), {
      localPart: "u",
      domain: "[IPv6:2001:db8::7]",
      literal: { kind: "ip", ip: { family: 6, value: (0x20010db8n << 96n) + 7n } },
    });
  });
});

/** The forms of the relay tests, O a domain of ours and F a foreign one: what is read is what would be judged and routed. */
describe("a relay tester's recipient", () => {
  const ours = "mail.example.test";
  const foreign = "victim.invalid";
  const forms: [string, string | null][] = [
    ["<u@F>", "u@F"],
    ["u@F", null],
    ["<u%F>", null],
    ["<u%F@O>", "u%F@O"],
    ["<u%F@[127.0.0.1]>", "u%F@[127.0.0.1]"],
    ['<"u@F">', null],
    ['<"u%F">', null],
    ["<u@F@O>", null],
    ["<u@F@[127.0.0.1]>", null],
    ['<"u@F"@O>', '"u@F"@O'],
    ['<"u@F"@[127.0.0.1]>', '"u@F"@[127.0.0.1]'],
    ["<@O:u@F>", "u@F"],
    ["<@[127.0.0.1]:u@F>", "u@F"],
    ["<@O,@x.invalid:u@F>", "u@F"],
    ["<F!u>", null],
    ["<F!u@O>", "F!u@O"],
    ["<F!u@[127.0.0.1]>", "F!u@[127.0.0.1]"],
    ["<IMCEASMTP-u+40victim+2Einvalid@O>", "IMCEASMTP-u+40victim+2Einvalid@O"],
    ['<"IMCEA u@F"@O>', '"IMCEA u@F"@O'],
    ["<u@F >", null],
    ["<u@F.>", "u@F"],
    ["<u@VICTIM.INVALID>", "u@F"],
    ["<u@O.F>", "u@O.F"],
    ["<u@xO>", "u@xO"],
    ["<u@F#O>", null],
    ["<u@F\\@O>", null],
    ["<u@F\0@O>", null],
    ["<u@F>,<bob@O>", null],
    ["<bob@O>,<u@F>", null],
    ["<bob@O u@F>", null],
    ["<u@[127.0.0.1]@F>", null],
    ["<u@[10.1.2.3]>", "u@[10.1.2.3]"],
    ["<u@[IPv6:::ffff:10.1.2.3]>", "u@[10.1.2.3]"],
    ["<u@167838211>", null],
    ["<u@#167838211>", null],
    ["<u@0x0a010203>", "u@0x0a010203"],
    ["<u@F> ORCPT=rfc822;bob@O", "u@F"],
    ["<(O)u@F>", null],
    ["<u(@O)@F>", null],
    ["<u@F(@O)>", null],
    ["<u@xn--O>", null],
    ["<u@Oé.invalid>", null],
  ];
  const fill = (text: string): string => text.replace(/O(?!RCPT)/g, ours).replace(/\bF\b/g, foreign);
  for (const [form, expected] of forms) {
    it(`${JSON.stringify(form)} is ${expected ?? "refused"}`, () => {
      const found = read(fill(form), forward);
      assert.equal(found && found[0], expected && `<${fill(expected)}>`);
    });
  }
});

describe("any line", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...'<>@:,."\\[]() \t!%#*_'.split(""),
      "a",
      "B",
      "xn--",
      "ü",
      "例",
      "postmaster",
      "IPv6:",
      "::1",
      "192.0.2.1",
    ),
    fc.constantFrom(
      "<a@",
      "@b.test",
      "@b.test>",
      '"a b"',
      "<@a.test:",
      "[IPv6:",
      "\0",
      "\ufffd",
      "\ud800",
      "x".repeat(64),
    ),
  );
  const noise = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  const nearly = (...good: string[]): fc.Arbitrary<string> =>
    fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: noise });
  const line = fc.oneof(
    noise,
    fc
      .tuple(
        nearly("<", "<", " <", ""),
        nearly("", "", "@a.test:", "@[IPv6:::1],@b.test:"),
        nearly("bob", "Ann.Lee", '"a b"', '"\\"@x>"', "jürgen", "u%v", '""', "postmaster"),
        nearly("@example.com", "@B.Test.", "@bücher.example", "@[192.0.2.1]", "@[ipv6:::FFFF:1.2.3.4]", "@[t:x>]", ""),
        nearly(">", ">", ""),
        nearly("", " SIZE=1", "\tX"),
      )
      .map((parts) => parts.join("")),
  );

  it("is a path that reads as itself, or a refusal without the line's text", () => {
    let taken = 0;
    const wants = fc.record<PathWanted>({
      kind: fc.constantFrom("forward", "reverse"),
      allowsUtf8: fc.boolean(),
      brackets: fc.constantFrom("required", "optional"),
    });
    fc.assert(
      fc.property(line, wants, (text, want) => {
        const found = parsePath(text, 0, want);
        if ("refused" in found) return assert.match(found.refused, /^[ -~]+$/);
        taken++;
        const again = parsePath(show(found.path), 0, { ...want, brackets: "required" });
        assert.ok(!("refused" in again), show(found.path));
        assert.deepEqual(again.path, found.path);
        assert.ok(found.end <= text.length && /^(?:$|[ \t])/.test(text.slice(found.end)));
        assert.ok(Buffer.byteLength(show(found.path)) <= 256);
      }),
      { numRuns: 4000 },
    );
    assert.ok(taken > 400, `${taken} taken`);
  });
  it("takes bounded work, however long it is", () => {
    const long = 200_000;
    const lines = [
      "<" + "a".repeat(long),
      '<"' + "\\a".repeat(long),
      "<" + "@a,".repeat(long),
      "<u@" + "ü".repeat(long),
      "<u@" + "[".repeat(long),
    ];
    const want: PathWanted = { ...forward, allowsUtf8: true };
    const before = performance.now();
    for (const text of [...lines, "<u@" + "xn--a.".repeat(long), '<"' + '"'.repeat(long), "<" + ".a".repeat(long)]) {
      assert.ok("refused" in parsePath(text, 0, want));
    }
    assert.ok(performance.now() - before < 1000);
  });
});
