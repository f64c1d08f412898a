import assert from "node:assert/strict";
import { it } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { granted, openMailScene, written } from "../../testing/mail-scene.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import { indexInBackground } from "./background-indexing.ts";

async function scene() {
  const made = await openMailScene(await openMemoryStore());
  const clock = new FakeClock();
  const troubles: string[] = [];
  const append = async (count: number) => {
    const messages = Array.from({ length: count }, () => written(made.mail, "Subject: x\r\n\r\nbody"));
    granted(await made.mail.append("INBOX", await Promise.all(messages)));
  };
  const known = async () => {
    const [row] = await made.store.read({ sql: "SELECT COUNT(*) AS n FROM searchable", parameters: [] });
    return Number(row?.["n"]);
  };
  const start = (index: Parameters<typeof indexInBackground>[0]["index"] = made.context.search) =>
    indexInBackground({
      index,
      store: made.store,
      news: made.news,
      clock,
      emit: (event) => void troubles.push(event.name),
    });
  return { clock, troubles, append, known, start, close: () => made.close() };
}

it("puts in what is there, then what comes, and sleeps in between", async () => {
  const { clock, append, known, start, close } = await scene();
  await append(45);
  const indexing = start();
  await clock.pass(10_000);
  assert.equal(await known(), 45);
  assert.equal(clock.timers, 0);
  await append(3);
  assert.equal(await known(), 45);
  await clock.pass(10_000);
  assert.equal(await known(), 48);
  assert.equal(clock.timers, 0);
  await indexing.stop();
  await append(1);
  await clock.pass(10_000);
  assert.equal(await known(), 48);
  await close();
});

it("waits while much mail comes in", async () => {
  const { clock, append, known, start, close } = await scene();
  await append(1);
  const indexing = start();
  await clock.pass(10_000);
  await append(250);
  await clock.pass(2_000);
  assert.equal(await known(), 1);
  await clock.pass(10_000);
  assert.equal(await known(), 251);
  await indexing.stop();
  await close();
});

it("says that it failed, and tries again", async () => {
  const { clock, troubles, append, known, start, close } = await scene();
  await append(1);
  const failing = {
    add: () => Promise.reject(new Error("the disk is full")),
  };
  const indexing = start(failing);
  await clock.pass(70_000);
  assert.deepEqual(troubles, ["trouble", "trouble"]);
  assert.equal(await known(), 0);
  await indexing.stop();
  await close();
});
