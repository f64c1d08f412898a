import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "./catalogue.ts";
import { openCounters } from "./counters.ts";

const refused = (rule: string): Event => ({
  name: "recipient-refused",
  session: "s",
  listener: "relay",
  client: "203.0.113.9",
  reversePath: "",
  forwardPath: "a@b.test",
  rule,
  ref: "1",
});

test("counts by name and labels, and adds up what a message brings", () => {
  const counters = openCounters();
  counters.emit(refused("never"));
  counters.emit(refused("relay-denied"));
  counters.emit(refused("relay-denied"));
  const message = { session: "s", message: "m", client: "c", account: null, reversePath: "" };
  counters.emit({ name: "message-accepted", ...message, recipients: 3, size: 1_000 });
  counters.emit({ name: "message-accepted", ...message, recipients: 1, size: 500 });
  assert.deepEqual(counters.snapshot(), [
    { name: "recipients_refused", labels: { listener: "relay", rule: "never" }, value: 1 },
    { name: "recipients_refused", labels: { listener: "relay", rule: "relay-denied" }, value: 2 },
    { name: "messages_accepted", labels: {}, value: 2 },
    { name: "recipients_accepted", labels: {}, value: 4 },
    { name: "octets_accepted", labels: {}, value: 1_500 },
  ]);
});

test("the number of labels is bounded; nothing goes uncounted", () => {
  const counters = openCounters();
  for (let i = 0; i < 5_000; i++) counters.emit(refused(`address:${i}`));
  const counts = counters.snapshot();
  assert.ok(counts.length <= 201);
  assert.equal(
    counts.reduce((sum, { value }) => sum + value, 0),
    5_000,
  );
  assert.equal(counts.find(({ labels }) => labels["rule"] === "other")?.value, 4_800);
});
