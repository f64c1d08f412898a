import assert from "node:assert/strict";
import { test } from "node:test";
import { adminScene } from "../testing/admin-scene.ts";
import { warnAtStart } from "./start-warnings.ts";

test("an open relay is said at every start; other things are for check", async () => {
  const { context, events, done } = await adminScene();
  await warnAtStart(context);
  assert.deepEqual(events, []);
  const document =
    "relay: { open-relay: true, addresses: [ { id: all, match: 0.0.0.0/0 }, { id: old, match: 10.0.0.1 } ] }";
  await done("policy apply", { document, why: "", who: "" });
  await warnAtStart(context);
  assert.deepEqual(events.at(-1), {
    name: "trouble",
    doing: "looking at the policy (relay)",
    problem: "OPEN RELAY: the public may relay without a login",
  });
  assert.equal(events.length, 2);
});
