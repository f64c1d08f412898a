import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { LineReader } from "../../src/admin/line-reader.ts";
import { operations } from "../../src/admin/operations.ts";
import { answer } from "../../src/admin/protocol.ts";
import { openControlSocket } from "../../src/admin/socket-server.ts";
import { socketPath } from "../../src/admin/socket-path.ts";
import { adminScene } from "../../testing/admin-scene.ts";
import type { Target } from "../../testing/fuzz.ts";

/** Requests at the control socket of a server: whatever the owner's programs send, one line of answer and no trouble. */
export async function controlTarget(t: TestContext): Promise<Target> {
  const data = await mkdtemp(join(tmpdir(), "gatepost-fuzz-"));
  const scene = await adminScene({ data });
  const control = await openControlSocket(scene.context);
  const socket = connect(socketPath(data) ?? assert.fail("no socket path"));
  const reader = new LineReader(1 << 26);
  let heard: (line: string) => void = () => {};
  socket.on("data", (chunk: Buffer) => {
    for (const line of reader.push(chunk) ?? []) heard(line);
  });
  t.after(async () => {
    socket.destroy();
    await control.close();
    await scene.store.close();
    await rm(data, { recursive: true });
  });
  const ask = (line: string) =>
    new Promise<string>((resolve) => {
      heard = resolve;
      socket.write(`${line}\n`);
    });
  return {
    name: "request at the control socket",
    seeds: [
      ...operations.map(({ name }) => JSON.stringify({ operation: name, input: {} })),
      JSON.stringify({ operation: "account add", input: { account: "anna@example.test", senders: "any" } }),
      JSON.stringify({ operation: "alias add", input: { address: "*@example.test", targets: ["a@b.test"] } }),
      JSON.stringify({ operation: "policy apply", input: { document: "relay: {}", why: "x" } }),
      JSON.stringify({ operation: "queue show", input: { message: "R3F" } }),
    ],
    words: [
      '{"operation":',
      '"input":',
      "{}",
      "[]",
      "null",
      "1e999",
      "-1",
      '"',
      "\\ud800",
      "__proto__",
      "anna@example.test",
      ":",
      ",",
      "true",
    ],
    async check(input) {
      const read = answer.safeParse(JSON.parse(await ask(input.replaceAll("\n", " "))));
      assert.ok(read.success, "an answer that no client knows");
      assert.deepEqual(
        scene.events.filter(({ name }) => name === "trouble"),
        [],
      );
    },
  };
}
