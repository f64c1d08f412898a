import assert from "node:assert/strict";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test, type TestContext } from "node:test";
import type { FileHandle } from "node:fs/promises";
import { StoreUnavailable } from "../../src/store/store.ts";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene, type ReceptionScene } from "../../testing/reception-scene.ts";

/** Field cases O-32 and O-37 (a): what cannot be kept is put off, and nothing of it is left. */

let handles: FileHandle;
before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-handle-"));
  const handle = await open(join(folder, "x"), "w");
  handles = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  await rm(folder, { recursive: true });
});

const openScene = (t: TestContext) =>
  openReceptionScene(t, {
    listeners: [{ name: "relay", kind: "relay" }],
    policy: `routing: [ { sent-to: "#example.com", route: inbound } ]\nrelay: { addresses: [ { id: here, match: 127.0.0.1 } ] }\n`,
    accounts: [{ address: "info@example.com" }],
  });

async function ready(scene: ReceptionScene): Promise<LineClient> {
  const client = await LineClient.dial(scene.portOf("relay"));
  assert.match(await client.say("EHLO c.test"), /^250-/);
  return client;
}

const small = "Subject: t\r\n\r\nx\r\n";
const large = `Subject: t\r\n\r\n${`${"x".repeat(998)}\r\n`.repeat(200)}`;

/** To somebody here and to somebody elsewhere. */
async function upToDot(client: LineClient, content: string): Promise<void> {
  assert.match(await client.say("MAIL FROM:<a@example.org> SIZE=5000"), /^250 /);
  assert.match(await client.say("RCPT TO:<info@example.com>"), /^250 /);
  assert.match(await client.say("RCPT TO:<bob@victim.test>"), /^250 /);
  assert.match(await client.say("DATA"), /^354 /);
  client.send(content);
}

async function send(client: LineClient, content: string): Promise<string> {
  await upToDot(client, content);
  return client.say(".");
}

async function left(scene: ReceptionScene) {
  const count = async (table: string) =>
    Number((await scene.store.read({ sql: `SELECT COUNT(*) AS n FROM ${table}`, parameters: [] }))[0]?.["n"]);
  const folders = await readdir(join(scene.folder, "content")).catch(() => []);
  const files = await Promise.all(folders.map((name) => readdir(join(scene.folder, "content", name))));
  return {
    contents: await count("content"),
    messages: await count("message"),
    recipients: await count("recipient"),
    files: files.flat().length,
  };
}
const nothing = { contents: 0, messages: 0, recipients: 0, files: 0 };

const failure = (code: string) => Object.assign(new Error(`${code} as a test has it`), { code });
const unavailable = (isFull: boolean) => new StoreUnavailable("a test's fault", { isFatal: false, isFull });

type Fault = (t: TestContext, scene: ReceptionScene) => void;
const failing =
  (method: "writev" | "datasync" | "sync", error: Error): Fault =>
  (t) =>
    void t.mock.method(handles, method, () => Promise.reject(error), { times: 1 });

const faults: readonly (readonly [place: string, content: string, reply: RegExp, fault: Fault])[] = [
  ["a file has no room", large, /^452 4\.3\.1 /, failing("writev", failure("ENOSPC"))],
  ["a file goes beyond the quota", large, /^452 4\.3\.1 /, failing("writev", failure("EDQUOT"))],
  [
    "a file takes half of it",
    large,
    /^452 4\.3\.1 /,
    (t) => void t.mock.method(handles, "writev", () => Promise.resolve({ bytesWritten: 1, buffers: [] }), { times: 1 }),
  ],
  ["a write fails", large, /^451 4\.3\.0 /, failing("writev", failure("EIO"))],
  ["a file cannot be synced", large, /^451 4\.3\.0 /, failing("datasync", failure("EIO"))],
  ["a folder cannot be synced", large, /^45[12] /, failing("sync", failure("EIO"))],
  ["the database is full", small, /^452 4\.3\.1 /, (_t, scene) => scene.store.failNext(unavailable(true))],
  [
    "the database cannot keep anything",
    small,
    /^451 4\.3\.0 /,
    (_t, scene) => scene.store.failNext(unavailable(false)),
  ],
  [
    "the database is full behind a file",
    large,
    /^452 4\.3\.1 /,
    (_t, scene) => scene.store.failNext(unavailable(true)),
  ],
];
for (const [place, content, reply, fault] of faults) {
  test(`O-32: ${place}: put off, nothing is left, the session and others go on`, async (t) => {
    const scene = await openScene(t);
    const [client, other] = [await ready(scene), await ready(scene)];
    // The fault is for the octets and the commit, not for what comes before: the folder of the epoch is there.
    assert.match(await send(other, large), /^250 /);
    const kept = await left(scene);
    await upToDot(client, content.slice(0, 20));
    fault(t, scene);
    client.send(content.slice(20));
    assert.match(await client.say("."), reply);
    assert.deepEqual(await left(scene), kept);
    assert.equal(scene.eventsCalled("trouble").length, 1);
    assert.match(await send(other, small), /^250 /);
    assert.match(await send(client, content), /^250 /);
    assert.equal((await left(scene)).messages, kept.messages + 2);
  });
}

test("O-32: a database file that may not grow", async (t) => {
  const scene = await openScene(t);
  const client = await ready(scene);
  scene.store.limitPages(scene.store.pages);
  const heard = [];
  // What is free inside the file is used up first.
  for (let n = 0; n < 40; n++) heard.push((await send(client, `${small}${"y".repeat(60_000)}\r\n`)).slice(0, 9));
  assert.equal(heard.at(-1), "452 4.3.1");
  assert.deepEqual(
    [...new Set(heard)].sort(),
    [...new Set([...heard.filter((one) => one === "250 2.0.0"), "452 4.3.1"])].sort(),
  );
  assert.equal((await left(scene)).messages, heard.filter((one) => one === "250 2.0.0").length);
  scene.store.limitPages(100_000);
  assert.match(await send(client, small), /^250 /);
});

test("O-37 a: a client that is gone before the commit begins gets nothing delivered", async (t) => {
  const scene = await openScene(t);
  const synced = Promise.withResolvers<undefined>();
  const isSyncing = Promise.withResolvers<undefined>();
  t.mock.method(
    handles,
    "datasync",
    () => {
      isSyncing.resolve(undefined);
      return synced.promise;
    },
    { times: 1 },
  );
  const client = await ready(scene);
  await upToDot(client, large);
  client.send(".\r\n");
  await isSyncing.promise;
  client.break();
  await until(() => scene.eventsCalled("session-closed").length === 1);
  synced.resolve(undefined);
  await until(() => scene.eventsCalled("message-refused").length === 1);
  await until(async () => (await left(scene)).files === 0);
  assert.deepEqual(await left(scene), nothing);
  // The same message again: once.
  assert.match(await send(await ready(scene), large), /^250 /);
  assert.equal((await left(scene)).messages, 1);
});

test("O-37 a: one that goes while the commit is under way: kept once, as the disk had it, and nobody is disturbed", async (t) => {
  const scene = await openScene(t);
  const committed = Promise.withResolvers<undefined>();
  const isCommitting = Promise.withResolvers<undefined>();
  const client = await ready(scene);
  await upToDot(client, small);
  const commit = scene.store.commit.bind(scene.store);
  scene.store.commit = async (unit) => {
    const returned = await commit(unit);
    isCommitting.resolve(undefined);
    await committed.promise;
    return returned;
  };
  client.send(".\r\n");
  await isCommitting.promise;
  client.break();
  await until(() => scene.eventsCalled("session-closed").length === 1);
  scene.store.commit = commit;
  committed.resolve(undefined);
  await until(() => scene.eventsCalled("message-accepted").length === 1);
  assert.equal((await left(scene)).messages, 1);
  assert.deepEqual(scene.eventsCalled("trouble"), []);
  assert.match(await send(await ready(scene), small), /^250 /);
});

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
}
