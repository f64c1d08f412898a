import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import type { DocumentNode } from "./document-tree.ts";
import { formatProblem, ProblemReport } from "./problems.ts";
import { skeletonOf } from "./simple-lines.ts";
import { readYaml } from "./yaml.ts";

const withoutFastPath = Number.POSITIVE_INFINITY;

function read(text: string, longFrom = withoutFastPath): DocumentNode | string[] {
  const report = new ProblemReport(text);
  const tree = readYaml(text, report, longFrom);
  return tree === null ? report.problems.map(formatProblem) : kept(tree);
}

/** With all its items at hand, so that two trees can be compared. */
function kept(node: DocumentNode): DocumentNode {
  switch (node.kind) {
    case "scalar":
      return node;
    case "list": {
      const items = Array.from(node.items, kept);
      assert.equal(node.items.length, items.length);
      return { ...node, items };
    }
    case "map":
      return { ...node, pairs: node.pairs.map((pair) => ({ ...pair, value: kept(pair.value) })) };
    default:
      return node satisfies never;
  }
}

/** The tree as plain data. */
function plain(node: DocumentNode | string[]): unknown {
  if (Array.isArray(node)) return assert.fail(node.join("\n"));
  switch (node.kind) {
    case "scalar":
      return node.text;
    case "list":
      return Array.from(node.items, plain);
    case "map":
      return Object.fromEntries(node.pairs.map(({ key, value }) => [key, plain(value)]));
    default:
      return node satisfies never;
  }
}

test("what the library complains about is told in a line that moves no terminal", () => {
  for (const text of ["|".repeat(10_000), `a: |x\u001b[2J${"y".repeat(10_000)}\n`, "%".repeat(10_000)]) {
    const problems = read(text);
    assert.ok(Array.isArray(problems) && problems.length > 0);
    for (const problem of problems) assert.match(problem, /^\P{Cc}{1,400}$/u);
  }
});

test("every scalar is text, whatever YAML 1.1 made of it", () => {
  const text = "a: no\nb: 1.10\nc: 2027-06-30\nd: 0x10\ne: ~\nf: null\ng:\nh: 12:30:45\ni: 'it''s'\nj: \"\\u00e9\"\n";
  assert.deepEqual(plain(read(text)), {
    a: "no",
    b: "1.10",
    c: "2027-06-30",
    d: "0x10",
    e: "~",
    f: "null",
    g: "",
    h: "12:30:45",
    i: "it's",
    j: "é",
  });
  assert.equal(plain(read("")), "");
  assert.equal(plain(read("# nothing\n")), "");
});

describe("what is not taken, with its place", () => {
  const cases: readonly (readonly [text: string, problem: RegExp])[] = [
    ["a: &x b", /^line 1, column \d+: the anchor "x"/],
    ["a: &x { b: c }", /^line 1, column \d+: the anchor "x"/],
    ["a: b\nc: *x", /^line 2, column 4: the alias "x"/],
    ["a: !!str b", /the tag "tag:yaml.org,2002:str"/],
    ["a: !mine b", /[Tt]ag.*!mine/],
    ["<<: { a: b }", /^line 1, column 1: merge keys/],
    ["a: b\nc: d\na: e", /^line 3, column 1: .*unique/],
    ["a: b\n---\nc: d", /multiple documents/],
    ["? { a: b }\n: c", /a key is one word/],
    ["a: [b, c", /^line 1, column \d+: /],
    ["\ta: b", /^line 1, column 1: [Tt]ab/],
    ["- { sent-to: #example.com, route: inbound }\n", /must be quoted, as in "#example\.com"/],
    ["to: [#example.net]", /must be quoted, as in "#example\.net"|must be quoted, as in "#example\.com"/],
    [`a: ${"[".repeat(30)}${"]".repeat(30)}`, /nested too deeply/],
    ["[".repeat(50_000), /./],
  ];
  for (const [text, problem] of cases) {
    it(text.slice(0, 60), () => {
      const problems = read(text);
      if (!Array.isArray(problems)) return assert.fail("it was taken");
      assert.match(problems[0] ?? "", problem);
      assert.ok(problems.length <= 10);
    });
  }
});

/** Enough equal lines for a run. */
const run = (line: string, indent: string) => Array.from({ length: 20 }, () => `${indent}${line}\n`).join("");

test("simple lines are cut out and mean the same", () => {
  const text = `routing:\n${run('- { sent-to: "#a.example", route: inbound, port: 25 }', "  ")}relay:\n  never:\n${run("- 10.0.0.0/8", "    ")}`;
  assert.equal(skeletonOf(text).runs.length, 2);
  assert.ok(skeletonOf(text).text.length < 120);
  assert.deepEqual(read(text, 0), read(text));
});

test("what a long list holds is read at each walk, not kept", () => {
  const tree = readYaml(run("- { match: 10.0.0.0/8 }", ""), new ProblemReport(""), 0);
  assert.ok(tree?.kind === "list" && tree.items.length === 20);
  assert.notEqual([...tree.items][0], [...tree.items][0]);
});

describe("lines that only look like items are left to the library", () => {
  const line = '- { sent-to: "#a.example", route: inbound }';
  const cases = {
    "inside a block scalar": `reason: |\n${run(line, "  ")}`,
    "inside a quoted scalar": `reason: "\n${run("- word", "  ")}"\n`,
    "inside a plain scalar": `reason: x\n${run("- word", "  ")}`,
    "inside a comment": run(line, "# "),
    "inside a flow list": `a: [\n${run(line, "  ")}]\n`,
    "with a token of ours": `a: "simple lines 0"\nb:\n${run(line, "  ")}`,
    "behind another indentation": `a:\n   - x\n${run(line, "  ")}`,
    "with a key twice": `a:\n${run("- { a: b, a: c }", "  ")}`,
    "with an anchor": `a:\n${run("- &x b", "  ")}`,
    "with a colon at the end": `a:\n${run("- { match: ::, id: x }", "  ")}`,
    "with a comment": `a:\n${run("- { match: x } # note", "  ")}`,
    "with line ends of Windows": `a:\n${run("- { match: x }\r", "  ")}`,
    "without a last line end": `a:\n${run("- { match: x }", "  ")}  - y`,
  };
  for (const [name, text] of Object.entries(cases)) it(name, () => assert.deepEqual(read(text, 0), read(text)));
});

test("with and without the fast path every text gives the same tree or the same problems", () => {
  const lines = fc.constantFrom(
    "a:",
    "b: |",
    'c: "',
    '"',
    "d: [",
    "]",
    "e: x",
    "",
    "# c",
    "- - x",
    "---",
    "- simple lines 0",
    '- "simple lines 0"',
    "'",
    "f: >",
    "- { a: b",
  );
  const simple = fc.constantFrom(
    "- { id: x, match: 10.0.0.0/8 }",
    '- { sent-to: "#a.example", route: inbound }',
    "- 10.0.0.1",
    '- "x y"',
    "- { a: b::1, c: d }",
    "- { a: yes, a: no }",
    '- { a: "b', // a quote that stays open
    "- { a:b }",
  );
  const piece = fc.oneof(
    fc.tuple(fc.nat({ max: 4 }), lines).map(([by, line]) => `${" ".repeat(by)}${line}\n`),
    fc
      .tuple(fc.nat({ max: 4 }), simple, fc.integer({ min: 14, max: 18 }))
      .map(([by, line, count]) => `${" ".repeat(by)}${line}\n`.repeat(count)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const text = pieces.join("");
      assert.deepEqual(read(text, 0), read(text));
    }),
    { numRuns: 500 },
  );
});

test("no text makes the reader throw", () => {
  const characters = fc.constantFrom(..."- {}[]:,#&*!|>'\"%@`\n\t ab0<~".split(""), "\u0000", "\ud800", "\u2028");
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 60 }), (parts) => {
      const text = parts.join("");
      assert.deepEqual(read(text, 0), read(text));
    }),
    { numRuns: 1_500 },
  );
});
