import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { adminScene } from "../../testing/admin-scene.ts";
import type { Event } from "../events/catalogue.ts";
import type { Operation, Run } from "./operation.ts";
import { operationCalled } from "./operations.ts";
import { askServer } from "./socket-client.ts";
import { openControlSocket } from "./socket-server.ts";
import { socketPath } from "./socket-path.ts";

async function scene(t: TestContext, events: Event[] = []) {
  const data = await mkdtemp(join(tmpdir(), "gatepost-socket-"));
  t.after(() => rm(data, { recursive: true }));
  const { context } = await adminScene({ data, emit: (event) => void events.push(event) });
  const control = await openControlSocket(context);
  t.after(() => control.close());
  return { data, context, control };
}

/** What is answered to these octets, until the server closes or so many lines came. */
function say(data: string, octets: string, lines: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath(data) ?? "");
    let heard = "";
    const end = () => {
      socket.destroy();
      resolve(heard.split("\n").filter((line) => line !== ""));
    };
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      if (heard.split("\n").length > lines) end();
    });
    socket.on("close", end);
    socket.on("error", reject);
    socket.write(octets);
  });
}

const request = (operation: string, input: unknown = {}) => `${JSON.stringify({ operation, input })}\n`;

test("only the owner may open it, and an operation is done through it", async (t) => {
  const { data } = await scene(t);
  assert.equal((await stat(join(data, "control.sock"))).mode & 0o777, 0o600);
  const made = await askServer(data, { operation: "account add", input: { account: "anna@example.test" } });
  assert.ok(made !== null && "done" in made);
  const listed = await askServer(data, { operation: "account list", input: {} });
  assert.match(JSON.stringify(listed), /"account":"anna@example\.test"/);
});

test("no server, or one that crashed and left its socket: nobody answers", async (t) => {
  const { data, control } = await scene(t);
  await control.close();
  assert.equal(await askServer(data, { operation: "status", input: {} }), null);
  await writeFile(join(data, "control.sock"), "");
  assert.equal(await askServer(data, { operation: "status", input: {} }), null);
});

test("a socket that a crash left is replaced", async (t) => {
  const { data, context, control } = await scene(t);
  await control.close();
  await writeFile(join(data, "control.sock"), "");
  const again = await openControlSocket(context);
  assert.ok((await askServer(data, { operation: "account list", input: {} })) !== null);
  await again.close();
});

test("several requests of one conversation are answered in order", async (t) => {
  const { data } = await scene(t);
  const answers = await say(data, request("account list") + request("nonsense") + request("alias list"), 3);
  assert.deepEqual(
    answers.map((line) => Object.keys(JSON.parse(line) as object)[0]),
    ["done", "failed", "done"],
  );
});

test("an operation that takes its time says how far it is, and ends when nobody waits", async (t) => {
  const { data } = await scene(t);
  const told: string[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  t.mock.method(operationCalled("status")!, "run", ((_context, _input, { progress, signal }: Run) => {
    progress(1, 3);
    progress(2, 3);
    signal.addEventListener("abort", () => end());
    return Promise.resolve({ failed: "conflict", message: "over" });
  }) as Operation["run"]);
  const outcome = await askServer(data, { operation: "status", input: {} }, (done, total) =>
    told.push(`${done}/${total}`),
  );
  assert.deepEqual(outcome, { failed: "conflict", message: "over" });
  assert.deepEqual(told, ["1/3"], "and not each time");
  await ended;
});

const nonsense = [
  "\n",
  "hello\n",
  "null\n",
  "[]\n",
  '{"operation":1}\n',
  "{\n",
  '{"operation":"status","input":{},"x":1}\n',
];

test("nonsense has an answer, and the next request of the conversation too", async (t) => {
  const { data } = await scene(t);
  for (const text of nonsense) {
    const [first, second] = await say(data, text + request("account list"), 2);
    assert.match(first ?? "", /^\{"failed":"invalid"/, text);
    assert.match(second ?? "", /^\{"done"/, text);
  }
});

test("an operation that throws is answered, told, and ends nothing", async (t) => {
  const events: Event[] = [];
  const { data, context } = await scene(t, events);
  await context.store.close();
  const answer = await askServer(data, { operation: "decisions", input: {} });
  assert.ok(answer !== null && "failed" in answer && answer.failed === "unavailable");
  assert.equal(events.at(-1)?.name, "trouble");
  assert.ok((await askServer(data, { operation: "account list", input: {} })) !== null);
});

test("wrong input is refused with the name of what is wrong", async (t) => {
  const { data } = await scene(t);
  const answer = await askServer(data, { operation: "account add", input: { acount: "a@example.test" } });
  assert.ok(answer !== null && "failed" in answer);
  assert.match(answer.message, /acount/);
});

test("a folder whose path is too long for a socket has none", () => {
  assert.equal(socketPath(join("/", "x".repeat(200))), null);
  assert.equal(socketPath("/srv/mail"), "/srv/mail/control.sock");
});
