import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gatepost, served } from "../../testing/command-line.ts";

async function folderWithBootFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(
    join(folder, "gatepost.toml"),
    'hostname = "mx.example.test"\n[[listener]]\nname = "relay"\nkind = "relay"\naddress = "127.0.0.1"\nport = 0\n',
  );
  return folder;
}

function refused(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let heard = "";
    socket.on("data", (chunk) => (heard += chunk.toString()));
    socket.on("end", () => resolve(/prohibited \((\w+)\)/.exec(heard)?.[1] ?? heard));
    socket.on("error", reject);
    socket.end("EHLO a.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nQUIT\r\n");
  });
}

test("first start, a refusal and its REF, changes live and at rest", async (t) => {
  const folder = await folderWithBootFile(t);
  const { port, stop, says } = await served(t, folder);
  await says(/First account: /);
  assert.equal((await stat(join(folder, "data", "first-password"))).mode & 0o777, 0o600);
  assert.equal((await stat(join(folder, "data", "control.sock"))).mode & 0o777, 0o600);

  const ref = await refused(port);
  const explained = await gatepost(folder, "explain", ref, "--json");
  assert.equal((JSON.parse(explained.out) as { rule: string }).rule, "relay-denied");

  await writeFile(join(folder, "policy.yaml"), "relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }\n");
  const applied = await gatepost(folder, "policy", "apply", "policy.yaml", "--why", "let us in", "--json");
  assert.equal((JSON.parse(applied.out) as { version: number }).version, 2);
  assert.match(await refused(port), /250 2\.1\.5 /);
  assert.equal((await gatepost(folder, "policy", "undo")).code, 0);
  assert.match(await refused(port), /^\w+$/);

  await writeFile(join(folder, "open.yaml"), "relay: { addresses: [ { id: all, match: 0.0.0.0/0 } ] }\n");
  const open = await gatepost(folder, "policy", "apply", "open.yaml", "--why", "a mistake");
  assert.equal(open.code, 2);
  assert.match(open.err, /line 1, column \d+: relay: this is an open relay/);

  await stop();
  const history = await gatepost(folder, "policy", "history", "--json");
  assert.deepEqual(
    (JSON.parse(history.out) as { version: number; why: string }[]).map(({ version, why }) => [version, why]),
    [
      [3, "back to version 1"],
      [2, "let us in"],
      [1, "something to begin with"],
    ],
  );
});

test("an imagined message is explained without server and data folder", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "p.yaml"), "relay: { authenticated: true, never: [ { id: x, match: 192.0.2.66 } ] }\n");
  const ask = (...args: string[]) =>
    gatepost(folder, "explain", "--policy", "p.yaml", "--from", "a@b.test", "--to", "c@d.test", "--json", ...args);
  const ruleOf = (text: string) => (JSON.parse(text) as { rule: string }).rule;
  assert.equal(ruleOf((await ask("--client", "203.0.113.5")).out), "relay-denied");
  assert.equal(ruleOf((await ask("--client", "203.0.113.5", "--account", "a")).out), "authenticated");
  assert.equal(
    ruleOf((await ask("--client", "203.0.113.5", "--account", "a", "--sender", "x@b.test")).out),
    "sender-not-allowed",
  );
  assert.equal(ruleOf((await ask("--client", "192.0.2.66", "--account", "a")).out), "never");
  assert.equal(
    ruleOf((await ask("--client", "203.0.113.5", "--listener", "submission")).out),
    "authentication-required",
  );
  const wrong = await ask("--client", "010.0.0.1");
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /--client "010\.0\.0\.1" is no IP address/);
});

test("init, and what can be asked without a server", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-cli-"));
  t.after(() => rm(folder, { recursive: true }));
  const made = await gatepost(folder, "init", "--domain", "Example.Test", "--account", "anna", "--trial", "--json");
  assert.equal(made.code, 0, made.err);
  const { passwordFile, account } = JSON.parse(made.out) as { passwordFile: string; account: string };
  assert.equal(account, "anna@example.test");
  assert.equal((await stat(passwordFile)).mode & 0o777, 0o600);
  assert.equal(made.out.includes((await readFile(passwordFile, "utf8")).split(" ")[1] ?? ""), false);

  const [again, shown, checked, diff, status] = await Promise.all([
    gatepost(folder, "init", "--domain", "example.test"),
    gatepost(folder, "config", "show"),
    gatepost(folder, "complete", "--", "pol"),
    writeFile(join(folder, "p.yaml"), "relay: { addresses: [ { id: lan, match: 10.0.0.0/8 } ] }\n").then(() =>
      gatepost(folder, "policy", "prove", "--policy", "p.yaml", "--json"),
    ),
    gatepost(folder, "sttus"),
  ]);
  assert.equal(again.code, 2);
  assert.match(again.err, /is there already/);
  assert.match(shown.out, /^hostname = "mx\.example\.test"$/m);
  assert.match(checked.out, /^policy\t/m);
  const proof = JSON.parse(diff.out) as { listeners: { withoutLogin: { ipv4: string[] } }[]; openRelay: boolean };
  assert.deepEqual([proof.listeners[0]?.withoutLogin.ipv4, proof.openRelay], [["10.0.0.0/8"], false]);
  assert.equal(status.code, 2);
  assert.match(status.err, /Did you mean status\?/);
});

test("a dialogue is played at a running server, which is then asked how it is", async (t) => {
  const folder = await folderWithBootFile(t);
  const { port } = await served(t, folder);
  await writeFile(
    join(folder, "stranger.txt"),
    "# A stranger may not write through us.\nS: 220 mx.example.test ...\nC: EHLO a.test\nS: 250-...\nS: ...\n" +
      "C: MAIL FROM:<a@b.test>\nC: RCPT TO:<c@d.test>\nS: 250 2.1.0 ...\nS: 550 5.7.1 ...\nC: QUIT\nS: 221 2.0.0 ...\n---- closed\n",
  );
  const said = await gatepost(folder, "say", "stranger.txt", "--host", "127.0.0.1", "--port", String(port));
  assert.equal(said.code, 0, said.err);
  await writeFile(join(folder, "wrong.txt"), "S: 220 another.host ...\n");
  const [wrong, status, offline] = await Promise.all([
    gatepost(folder, "say", "wrong.txt", "--host", "127.0.0.1", "--port", String(port)),
    gatepost(folder, "status", "--json"),
    gatepost(folder, "explain", "--client", "203.0.113.5", "--from", "a@b.test", "--to", "c@d.test", "--json"),
  ]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /wrong\.txt, line 1: expected: 220 another\.host/);
  const { running } = JSON.parse(status.out) as { running: { counts: { name: string; value: number }[] } };
  assert.equal(running.counts.find(({ name }) => name === "recipients_refused")?.value, 1);
  // By the policy in force, since none was named.
  assert.equal((JSON.parse(offline.out) as { rule: string }).rule, "relay-denied");
});

test("told to end in the moment in which it says that it started, a server ends as at any other time", async (t) => {
  const folder = await folderWithBootFile(t);
  for (let start = 0; start < 3; start++) assert.equal(await (await served(t, folder)).stop(), 0);
});

test("commands and the start of a server wait for one another", async (t) => {
  const folder = await folderWithBootFile(t);
  const [{ stop }, ...answers] = await Promise.all([
    served(t, folder),
    gatepost(folder, "status"),
    gatepost(folder, "account", "list"),
    gatepost(folder, "queue", "list"),
  ]);
  assert.deepEqual(
    answers.map(({ code, err }) => ({ code, err })),
    answers.map(() => ({ code: 0, err: "" })),
  );
  await stop();
});
