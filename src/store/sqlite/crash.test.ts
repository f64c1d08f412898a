import assert from "node:assert/strict";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { openContents } from "../content.ts";
import type { ContentRow } from "../content-source.ts";
import { openSqlite } from "./driver.ts";
import type { Store } from "../store.ts";

const writerFile = join(import.meta.dirname, "../../../testing/store-writer.ts");
const onFatal = (problem: string): void => assert.fail(problem);

type Writer = ChildProcessByStdio<null, Readable, null>;

/** What a writer printed, once it has ended. `atLine` is called while it runs. */
async function linesOf(writer: Writer, atLine: (line: string) => void): Promise<string[]> {
  const ended = new Promise((resolve) => writer.once("close", resolve));
  const lines: string[] = [];
  for await (const line of createInterface(writer.stdout)) {
    lines.push(line);
    atLine(line);
  }
  await ended;
  return lines;
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-crash-"));
  t.after(() => rm(folder, { recursive: true }));
  const store = await openSqlite({ folder, onFatal });
  await store.commit([
    {
      sql: "INSERT INTO account (id, name, domain, enabled, may_relay, senders, may_send_as, password_version, plus_addressing, created_at) VALUES (1, 'a', 'b.test', 1, 1, 'own', '[]', 1, 0, 0)",
      parameters: [],
    },
    ...[1, 2].map((id) => ({
      sql: "INSERT INTO mailbox (id, account_id, name, uid_validity, uid_next, modseq, messages, octets) VALUES (?, 1, ?, 1, 1, 1, 0, 0)",
      parameters: [id, `mailbox ${id}`],
    })),
  ]);
  await store.close();
  return folder;
}

function promised(lines: readonly string[]): [id: number, hash: string][] {
  return lines
    .filter((line) => line.startsWith("kept "))
    .map((line) => [Number(line.split(" ")[1]), line.split(" ")[2] ?? ""]);
}

/** Everything promised is there with its bytes, and what is there is whole. */
async function assertAllKept(folder: string, kept: ReadonlyMap<number, string>): Promise<void> {
  const store = await openSqlite({ folder, onFatal });
  try {
    const contents = openContents({ folder, store });
    await contents.sweep(Date.now());
    for (const [id, hash] of kept) {
      const [row] = await store.read({ sql: "SELECT size, inline, file FROM content WHERE id = ?", parameters: [id] });
      assert.ok(row !== undefined, `content ${id} is lost`);
      const sha256 = createHash("sha256");
      for await (const chunk of contents.open(row as ContentRow).stream()) sha256.update(chunk);
      assert.equal(sha256.digest("hex"), hash, `content ${id} was changed`);
    }
    await assertWhole(store, kept);
  } finally {
    await store.close();
  }
}

async function assertWhole(store: Store, kept: ReadonlyMap<number, string>): Promise<void> {
  for (const mailboxId of [1, 2]) {
    const messages = await store.read({
      sql: "SELECT uid, content_id FROM message WHERE mailbox_id = ? ORDER BY uid",
      parameters: [mailboxId],
    });
    assert.deepEqual(
      messages.map(({ uid }) => uid),
      Array.from(messages, (_, index) => index + 1),
    );
    const delivered = new Set(messages.map(({ content_id: id }) => id));
    for (const id of kept.keys()) assert.ok(delivered.has(id), `${id} was not delivered to mailbox ${mailboxId}`);
    const [counts] = await store.read({
      sql: "SELECT uid_next, messages FROM mailbox WHERE id = ?",
      parameters: [mailboxId],
    });
    assert.deepEqual(counts, { uid_next: messages.length + 1, messages: messages.length });
  }
  const sound = await store.read({ sql: "PRAGMA integrity_check", parameters: [] });
  assert.deepEqual(sound, [{ integrity_check: "ok" }]);
}

test("what was promised survives a SIGKILL at any moment, start-up included", async (t) => {
  const folder = await folderFor(t);
  const kept = new Map<number, string>();
  // Promises until the kill; the first two are killed before any.
  for (const [round, most] of [0, 1, 3, 40, 150, 400].entries()) {
    const writer = spawn(process.execPath, [writerFile, folder, "20000"], { stdio: ["ignore", "pipe", "inherit"] });
    if (round === 0) setTimeout(() => writer.kill("SIGKILL"), 60 + Math.random() * 100);
    let seen = 0;
    const lines = await linesOf(writer, () => {
      if (round > 0 && ++seen === most) writer.kill("SIGKILL");
    });
    assert.equal(writer.signalCode, "SIGKILL");
    for (const [id, hash] of promised(lines)) {
      assert.ok(!kept.has(id), `id ${id} was given twice`);
      kept.set(id, hash);
    }
  }
  assert.ok(kept.size > 500, `${kept.size}`);
  await assertAllKept(folder, kept);
});

test("a disk that does not take a write any more ends the store: told once, all refused, all promises kept", async (t) => {
  const folder = await folderFor(t);
  // Files of the process may not grow beyond 3 MB: a write beyond fails, which is no full disk to the database.
  const command = 'ulimit -f 3000; exec "$0" "$@"';
  const writer = spawn("bash", ["-c", command, process.execPath, writerFile, folder, "8000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = await linesOf(writer, () => {});
  const kept = new Map(promised(lines));
  assert.ok(kept.size > 20, `${kept.size}`);
  assert.equal(lines.filter((line) => line === "fatal").length, 1, lines.slice(-10).join("\n"));
  assert.deepEqual(
    lines.filter((line) => line.startsWith("refused")),
    Array.from({ length: 8 }, () => "refused fatally"),
  );
  assert.equal(writer.exitCode, 0, "no thread holds the process");
  await assertAllKept(folder, kept);
});
