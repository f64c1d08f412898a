import assert from "node:assert/strict";
import { test } from "node:test";
import { policyOf } from "../../testing/policy-scene.ts";
import type { Directory } from "../accounts/directory.ts";
import { parseIp } from "../address/ip.ts";
import { parseAddress } from "../address/path.ts";
import type { Existence } from "../policy/facts.ts";
import { factsFromJson } from "../policy/facts-json.ts";
import { judge } from "../policy/judge.ts";
import type { JournalledDecision } from "../store/journal-rows.ts";
import { Gate, type RecipientAnswer } from "./gate.ts";
import type { Visit } from "./visit.ts";
import * as replies from "../smtp/replies.ts";

const address = (text: string) => {
  const read = parseAddress(text, { kind: "forward", allowsUtf8: true });
  return "refused" in read ? assert.fail(text) : read;
};

const visit: Visit = {
  session: "s",
  client: parseIp("203.0.113.9") ?? assert.fail(),
  clientText: "203.0.113.9",
  local: null,
  listener: { name: "relay", kind: "relay" },
  tls: null,
  account: null,
};

/** A gate over fakes: `here` are the mailboxes, each question to another host waits for its answer. */
function scene(document: string, here: readonly string[] = []) {
  const state = { policy: policyOf(document), version: 1 };
  const questions: { readonly asked: string; readonly answer: (existence: Existence) => void }[] = [];
  const journalled: JournalledDecision[] = [];
  const directory: Directory = {
    account: () => null,
    byLogin: () => null,
    canonicalLogin: (login) => login,
    ownsSender: () => false,
    existence: ({ localPart }) => (here.includes(localPart) ? "exact" : "none"),
    expand: () => "none",
    hasVerifiers: false,
    accounts: () => [],
    aliases: () => [],
  };
  const gate = new Gate({
    policy: () => state,
    directory,
    journal: {
      accepted: () => assert.fail("not of the gate"),
      refused: (decision) => (journalled.push(decision), "REF"),
      flush: () => Promise.resolve(),
      lost: 0,
      close: () => Promise.resolve(),
    },
    verifier: {
      existence: ({ localPart }, { nextHop }) =>
        new Promise((answer) =>
          questions.push({ asked: `${localPart} at ${nextHop.via === "host" ? nextHop.host : "mx"}`, answer }),
        ),
    },
    now: () => 0,
    clockIsBehind: () => false,
    finalDelivery: { isFull: () => false },
    mailboxFull: replies.mailboxFull,
    emit: () => {},
  });
  const rcpt = (to: string) => gate.recipient(visit, { reversePath: null, forwardPath: address(to) });
  return { state, questions, journalled, rcpt };
}

const said = ({ answer }: RecipientAnswer) => (answer.ok ? "250" : answer.reply.status);
const now = (answer: RecipientAnswer | Promise<RecipientAnswer>) =>
  answer instanceof Promise ? assert.fail("somebody was asked") : answer;

test("another host is asked only for what the judgement wants to know from it", async () => {
  const { rcpt, questions } = scene(
    `routing:
  - { sent-to: "#split.example", route: inbound, unknown-to: h.example }
  - { sent-to: "#list.example", route: gateway, host: h.example, recipients: [ anna ] }
  - { sent-to: "#gate.example", route: gateway, host: h.example }`,
    ["ben"],
  );
  assert.equal(said(now(rcpt("ben@split.example"))), "250");
  assert.equal(said(now(rcpt("anna@list.example"))), "250");
  assert.equal(said(now(rcpt("ben@list.example"))), "5.1.1");
  assert.equal(said(now(rcpt("x%y@gate.example"))), "5.1.3");
  const asked = rcpt("anna@split.example");
  assert.deepEqual(
    questions.map((question) => question.asked),
    ["anna at h.example"],
  );
  questions[0]?.answer("covered");
  assert.equal(said(await asked), "250");
});

test("when the policy names another host while one is asked, that host is asked too", async () => {
  const gateway = (host: string) => `routing: [ { sent-to: "#gate.example", route: gateway, host: ${host} } ]`;
  const { state, rcpt, questions, journalled } = scene(gateway("old.example"));
  const asked = rcpt("anna@gate.example");
  Object.assign(state, { policy: policyOf(gateway("new.example")), version: 2 });
  questions[0]?.answer("covered");
  await new Promise(setImmediate);
  questions[1]?.answer("none");
  assert.equal(said(await asked), "5.1.1");
  assert.deepEqual(
    questions.map((question) => question.asked),
    ["anna at old.example", "anna at new.example"],
  );
  // Judged again from the journal it is the same.
  const kept = factsFromJson(journalled[0]?.facts() ?? assert.fail());
  assert.equal(journalled[0]?.policy_version, 2);
  assert.equal(judge(state.policy, kept.facts, kept.recipients).rule, "unknown-mailbox");
});

test("when the domain is ours no more while its host is asked, the recipient is judged as a foreign one", async () => {
  const { state, rcpt, questions } = scene(
    'routing: [ { sent-to: "#gate.example", route: gateway, host: h.example } ]',
  );
  const asked = rcpt("anna@gate.example");
  Object.assign(state, { policy: policyOf(""), version: 2 });
  questions[0]?.answer("covered");
  assert.equal(said(await asked), "5.7.1");
});
