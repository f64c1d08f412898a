import assert from "node:assert/strict";
import { it } from "node:test";
import { baseSubjectOf } from "./base-subject.ts";
import { formatThreads, type Threadable } from "./thread-tree.ts";
import { threadByReferences, threadBySubject } from "./threads.ts";

/** "a<b c Subject": id a, references b and c; sent in the order of the list. */
function messages(...lines: readonly string[]): Threadable[] {
  return lines.map((line, at) => {
    const [, id = "", references = "", subject = ""] = /^(\w*)(?:<([\w ]*))?(?:\|(.*))?$/.exec(line) ?? [];
    const base = baseSubjectOf(subject);
    return {
      uid: at + 1,
      id: id === "" ? null : id,
      references: references.split(" ").filter((one) => one !== ""),
      sentAt: at,
      subject: base.text,
      isReply: base.isReply,
    };
  });
}

const byReferences = (...lines: readonly string[]) =>
  formatThreads(threadByReferences(messages(...lines)), (uid) => uid);
const bySubject = (...lines: readonly string[]) => formatThreads(threadBySubject(messages(...lines)), (uid) => uid);

it("threads by references (RFC 5256 §3)", () => {
  const table: [string[], string][] = [
    [[], ""],
    [["a"], "(1)"],
    [["a", "b<a", "c<a b"], "(1 2 3)"],
    [["a", "b<a", "c<a"], "(1 (2)(3))"],
    [["a", "b<a", "c<a", "d<b"], "(1 (2 4)(3))"],
    // Nobody has the message that both answer.
    [["b<a", "c<a"], "((1)(2))"],
    [["b<a"], "(1)"],
    [["c<a b", "d<a b", "e<a"], "((1)(2)(3))"],
    [["d<a b c", "e<a x"], "((1)(2))"],
    // The answer comes before what it answers.
    [["b<a", "a"], "(2 1)"],
    // A loop, and a message that answers itself.
    [["a", "b<a c", "c<b"], "(1)(3 2)"],
    [["a<a"], "(1)"],
    [["a<b", "b<a"], "(2 1)"],
    // The second of one id is a message by itself.
    [["a", "a", "b<a"], "(1 3)(2)"],
    // What a message says of itself outweighs what others say.
    [["a", "x", "b<x", "c<a b"], "(1)(2 3 4)"],
    // Subjects join what references do not.
    [["|one", "|Re: one"], "(1 2)"],
    [["|Re: one", "|one"], "(2 1)"],
    [["|one", "|one"], "((1)(2))"],
    [["|one", "|one", "|one"], "((1)(2)(3))"],
    [["|Re: one", "|Re: one"], "((1)(2))"],
    [["b<a|Re: one", "c<a|Re: one", "|one"], "((1)(2)(3))"],
    [["", ""], "(1)(2)"],
  ];
  for (const [lines, wanted] of table) assert.equal(byReferences(...lines), wanted, lines.join(", "));
});

it("threads by subject", () => {
  assert.equal(bySubject("|b", "|a", "|Re: b", "|re: [x] b", "|Fwd: a"), "(1 (3)(4))(2 5)");
  assert.equal(bySubject(), "");
});

it("is not held up by hostile references", () => {
  const many = 10_000;
  const chain = (length: number) => Array.from({ length }, (_, n) => `m${n}`);
  const hostile: Threadable[][] = [
    // One after the other, and each answers the next one: as deep as there are messages.
    messages(...Array.from({ length: many }, (_, n) => `m${n}<m${n + 1}`)),
    messages(...Array.from({ length: many }, (_, n) => `m${n + 1}<m${n}`)),
    // The same long list of nobody's messages, forwards and backwards.
    messages(...Array.from({ length: 100 }, (_, n) => `x${n}<${chain(500).join(" ")}`)),
    messages(...Array.from({ length: 100 }, (_, n) => `x${n}<${chain(500).toReversed().join(" ")}`)),
    messages(`x<${chain(200_000).join(" ")}`, `y<${chain(200_000).toReversed().join(" ")}`),
    // Every second one of a long row is there.
    messages(...Array.from({ length: many }, (_, n) => `m${2 * n}<m${2 * n + 2} m${2 * n + 1}`)),
    messages(...Array.from({ length: many }, () => "|same")),
  ];
  for (const [at, one] of hostile.entries()) {
    const began = process.threadCpuUsage();
    const text = formatThreads(threadByReferences(one), (uid) => uid);
    assert.equal(text.match(/\d+/g)?.length, one.length);
    // Of this thread, so that neighbours on the machine do not count.
    const { user, system } = process.threadCpuUsage(began);
    assert.ok(user + system < 3_000_000, `${at}: ${(user + system) / 1_000} ms`);
  }
});

it("takes a subject down to its base (RFC 5256 §2.1)", () => {
  const table: [string, string, boolean][] = [
    ["", "", false],
    ["hello", "hello", false],
    ["Re: hello", "hello", true],
    ["re : hello (fwd) (FWD)", "hello", true],
    ["[list] hello", "hello", false],
    ["[list]", "[list]", false],
    ["Re: [list] [more] Fw: x", "x", true],
    ["[a] re[2]: x", "x", true],
    ["[FWD: [fwd: babylon]]", "babylon", true],
    ["Fwd: [fwd: x", "[fwd: x", true],
    ["Ad: x", "Ad: x", false],
    ["rehearsal", "rehearsal", false],
    ["a \t  b", "a b", false],
    ["=?us-ascii?b?UmU6IGM=?=", "c", true],
    ["Re: ", "", true],
    ["[xyz] ", "[xyz]", false],
  ];
  for (const [subject, text, isReply] of table) assert.deepEqual(baseSubjectOf(subject), { text, isReply }, subject);
  const began = performance.now();
  for (const unit of ["re:", "[a]", "(fwd)", "[fwd:", "[", "re ["]) baseSubjectOf(unit.repeat(20_000));
  assert.ok(performance.now() - began < 1_000);
});
