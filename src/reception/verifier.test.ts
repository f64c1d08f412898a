import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../address/path.ts";
import type { Existence } from "../policy/facts.ts";
import type { VerifiedHost } from "../policy/routing-table.ts";
import type { Verification } from "../policy/verification.ts";
import { Verifier, type VerifierOptions } from "./verifier.ts";

const address = (text: string) => {
  const read = parseAddress(text, { kind: "forward", allowsUtf8: true });
  return "refused" in read ? assert.fail(text) : read;
};

const host = (name: string, recipients: Verification = { by: "callout" }): VerifiedHost => ({
  nextHop: { via: "host", host: name, port: 25, tls: "opportunistic" },
  recipients,
});

/** A verifier whose questions wait for `answer`, and a clock turned by hand. */
function scene(options: Partial<VerifierOptions> = {}) {
  const state = { now: 0 };
  const questions: {
    readonly asked: string;
    readonly answer: (answer: Existence | "unreachable") => void;
    readonly fail: () => void;
  }[] = [];
  const verifier = new Verifier({
    now: () => state.now,
    ask: ({ localPart }, { nextHop }) =>
      new Promise((resolve, reject) =>
        questions.push({
          asked: `${localPart} at ${nextHop.via === "host" ? nextHop.host : "mx"}`,
          answer: resolve,
          fail: () => reject(new Error("down")),
        }),
      ),
    ...options,
  });
  return { state, verifier, questions };
}

test("one question for all who want to know at the same time; yes and no are remembered, each for its time", async () => {
  for (const [existence, believed] of [
    ["covered", 3_600_000],
    ["none", 600_000],
    ["unknowable", 15_000],
  ] as const) {
    const { state, verifier, questions } = scene();
    const ask = async () => verifier.existence(address("anna@b.example"), host("h.example"));
    const both = [ask(), ask()];
    assert.equal(questions.length, 1);
    questions[0]?.answer(existence);
    assert.deepEqual(await Promise.all(both), [existence, existence]);
    state.now = believed - 1;
    assert.equal(await ask(), existence);
    assert.equal(questions.length, 1);
    state.now = believed;
    void ask();
    assert.equal(questions.length, 2);
  }
});

test("a question that fails is unknowable", async () => {
  const { verifier, questions } = scene();
  const answer = verifier.existence(address("anna@b.example"), host("h.example"));
  questions[0]?.fail();
  assert.equal(await answer, "unknowable");
});

test("an answer belongs to who was asked: another host, or a directory, is asked anew", async () => {
  const { verifier, questions } = scene();
  const anna = address("anna@b.example");
  const first = verifier.existence(anna, host("h.example"));
  questions[0]?.answer("none");
  assert.equal(await first, "none");
  assert.equal(verifier.existence(anna, host("h.example")), "none");
  void verifier.existence(anna, host("i.example"));
  void verifier.existence(anna, host("h.example", { by: "ldap", directory: "staff" }));
  void verifier.existence(anna, host("i.example", { by: "ldap", directory: "staff" }));
  assert.deepEqual(
    questions.map(({ asked }) => asked),
    ["anna at h.example", "anna at i.example", "anna at h.example"],
  );
});

test("no more than so many questions at once to one host, then no more than so many waiting; other hosts are not held up", async () => {
  const { verifier, questions } = scene({ mostAtOnce: 2, mostWaiting: 1 });
  const ask = (name: string, at = "h.example") => verifier.existence(address(`${name}@b.example`), host(at));
  const answers = [ask("a"), ask("b"), ask("c")].map((answer) => Promise.resolve(answer));
  assert.equal(ask("d"), "unknowable");
  void ask("e", "i.example");
  const asked = () => questions.map((question) => question.asked);
  assert.deepEqual(asked(), ["a at h.example", "b at h.example", "e at i.example"]);
  questions[0]?.answer("none");
  await answers[0];
  assert.deepEqual(asked().at(-1), "c at h.example");
  questions[1]?.answer("none");
  questions[3]?.answer("covered");
  assert.deepEqual(await Promise.all(answers), ["none", "none", "covered"]);
});

test("what is remembered is bounded: the oldest answers go first", async () => {
  const { verifier, questions } = scene({ mostRemembered: 4 });
  const know = async (name: string) => {
    const answer = verifier.existence(address(`${name}@b.example`), host("h.example"));
    questions.at(-1)?.answer("none");
    await answer;
  };
  for (const name of ["a", "b", "c", "d", "e"]) await know(name);
  assert.equal(questions.length, 5);
  assert.equal(verifier.existence(address("e@b.example"), host("h.example")), "none");
  assert.equal(verifier.existence(address("c@b.example"), host("h.example")), "none");
  assert.notEqual(typeof verifier.existence(address("a@b.example"), host("h.example")), "string");
});

test("a host that could not be reached is left alone for a while, by all who ask for anybody there", async () => {
  const { state, verifier, questions } = scene();
  const first = verifier.existence(address("anna@b.example"), host("h.example"));
  questions[0]?.answer("unreachable");
  assert.equal(await first, "unknowable");
  assert.equal(verifier.existence(address("bert@b.example"), host("h.example")), "unknowable");
  assert.equal(questions.length, 1);
  void verifier.existence(address("bert@b.example"), host("other.example"));
  assert.equal(questions.length, 2);
  state.now = 30_000;
  void verifier.existence(address("bert@b.example"), host("h.example"));
  assert.equal(questions.length, 3);
});
