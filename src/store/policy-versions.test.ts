import assert from "node:assert/strict";
import { test } from "node:test";
import { openMemoryStore } from "../../testing/memory-store.ts";
import { addPolicyVersion, currentPolicy, policyHistory, policyToUndoTo, policyVersion } from "./policy-versions.ts";
import { deleteSetting, readSetting, settingOf, writeSetting } from "./settings.ts";

const by = (document: string, at: number) => ({ who: "anna", why: "because", document, at });

test("every version is kept, and the last one is in force", async () => {
  const store = await openMemoryStore();
  assert.equal(await currentPolicy(store), null);
  assert.equal(await addPolicyVersion(store, by("one", 1), 0), 1);
  assert.equal(await addPolicyVersion(store, by("two", 2), 1), 2);
  assert.deepEqual(await currentPolicy(store), {
    version: 2,
    appliedAt: 2,
    who: "anna",
    why: "because",
    document: "two",
  });
  assert.equal((await policyVersion(store, 1))?.document, "one");
  assert.equal(await policyVersion(store, 3), null);
  assert.deepEqual(
    (await policyHistory(store, 10)).map(({ version, document }) => [version, document]),
    [
      [2, ""],
      [1, ""],
    ],
  );
});

test("two who apply at once do not overwrite each other", async () => {
  const store = await openMemoryStore();
  await addPolicyVersion(store, by("one", 1), 0);
  const answers = await Promise.all([addPolicyVersion(store, by("a", 2), 1), addPolicyVersion(store, by("b", 2), 1)]);
  assert.deepEqual(answers, [2, null]);
  assert.equal(await addPolicyVersion(store, by("late", 3), 1), null);
  assert.equal((await currentPolicy(store))?.document, "a");
});

test("undo leads to the version before, and is undone in the same way", async () => {
  const store = await openMemoryStore();
  assert.equal(await policyToUndoTo(store), null);
  await addPolicyVersion(store, by("one", 1), 0);
  assert.equal(await policyToUndoTo(store), null);
  await addPolicyVersion(store, by("two", 2), 1);
  const target = await policyToUndoTo(store);
  assert.equal(target?.document, "one");
  await addPolicyVersion(store, by(target?.document ?? "", 3), 2);
  assert.equal((await policyToUndoTo(store))?.document, "two");
});

test("settings by name", async () => {
  const store = await openMemoryStore();
  const read = async () => settingOf(await store.read(readSetting("x")));
  assert.equal(await read(), null);
  await store.commit([writeSetting("x", "1")]);
  await store.commit([writeSetting("x", "2")]);
  assert.equal(await read(), "2");
  await store.commit([deleteSetting("x")]);
  assert.equal(await read(), null);
});
