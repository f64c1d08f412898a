import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DnsServer } from "../../testing/dns-server.ts";
import { adminScene, firstPolicy } from "../../testing/admin-scene.ts";
import { parseAddress } from "../address/path.ts";
import type { Address } from "../address/address.ts";
import { factsToJson } from "../policy/facts-json.ts";
import type { PolicyDiff } from "../policy/diff.ts";
import { insertEntry, insertRecipient } from "../store/queue.ts";
import { refOf } from "../store/ref.ts";
import { readSetting, settingOf, smartHostPassword } from "../store/settings.ts";
import { selfSigned } from "../tls/self-signed.ts";
import { operations } from "./operations.ts";

type Scene = Awaited<ReturnType<typeof adminScene>>;

test("names are a noun and a verb, no two are equal, and each says what it does in one line", () => {
  const names = operations.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, help } of operations) {
    assert.match(name, /^[a-z-]+( [a-z-]+)?$/);
    assert.match(help, /^[a-z][^\n.]*$/, name);
  }
});

// Accounts

test("an account is made, changed, disabled and deleted", async () => {
  const { done, failed } = await adminScene();
  const made = await done<{ account: string; password: string }>("account add", { account: "Anna@Example.Test" });
  assert.equal(made.account, "anna@example.test");
  assert.match(made.password, /^[0-9a-z]{4}(-[0-9a-z]{4}){4}$/);
  const given = await done("account add", { account: "bert@example.test", password: "secret", senders: "any" });
  assert.deepEqual(given, { account: "bert@example.test", password: null });
  assert.equal((await failed("account add", { account: "anna@example.test" })).failed, "invalid");
  const settings = { mayRelay: false, maySendAs: ["info@example.test", "@other.test"] };
  const mailbox = { plusMailbox: "none", quota: "default", forwardTo: [], keepsForwarded: true };
  const changed = { enabled: true, ...settings, senders: "own", plusAddressing: true, ...mailbox };
  assert.deepEqual(await done("account change", { account: "anna", ...settings }), {
    account: "anna@example.test",
    ...changed,
  });
  await done("account disable", { account: "anna" });
  const listed = await done<{ account: string; enabled: boolean; senders: string }[]>("account list");
  assert.deepEqual(
    listed.map(({ account, enabled, senders }) => [account, enabled, senders]),
    [
      ["anna@example.test", false, "own"],
      ["bert@example.test", true, "any"],
    ],
  );
  await done("account enable", { account: "anna" });
  assert.equal((await done<{ password: string | null }>("account password", { account: "anna" })).password?.length, 24);
  await done("account delete", { account: "anna" });
  assert.deepEqual(await failed("account delete", { account: "anna" }), {
    failed: "not-found",
    message: 'there is no account "anna"',
  });
});

test("app passwords are shown once, listed without it, and taken back", async () => {
  const { done, failed, clock } = await adminScene();
  await done("account add", { account: "anna@example.test" });
  const { id, password } = await done<{ id: number; password: string }>("app-password add", {
    account: "anna",
    label: "phone",
    lasts: "90 days",
  });
  const expires = new Date(clock.now() + 90 * 86_400_000).toISOString();
  const listed = await done("app-password list", { account: "anna" });
  assert.deepEqual(listed, [{ id, label: "phone", scope: ["send", "read"], expires, lastUsed: null }]);
  assert.ok(!JSON.stringify(listed).includes(password));
  await done("app-password remove", { account: "anna", id: String(id) });
  assert.equal((await failed("app-password remove", { account: "anna", id })).failed, "not-found");
  const wrong = await failed("app-password add", { account: "anna", label: "x", lasts: "soon" });
  assert.match(wrong.message, /"soon" is not a duration/);
});

test("aliases, groups and catch-alls; a loop is refused when it is saved (O-36 a, b)", async () => {
  const { done, failed } = await adminScene();
  await done("account add", { account: "anna@example.test" });
  await done("alias add", { address: "info@example.test", targets: ["anna@example.test", "x@example.org"] });
  await done("alias add", { address: "all@example.test", targets: ["info@example.test"], group: true });
  await done("alias add", { address: "*@example.test", targets: ["anna@example.test"] });
  const kinds = (await done<{ kind: string }[]>("alias list")).map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ["alias", "catch-all", "group"]);
  const loop = await failed("alias add", { address: "info@example.test", targets: ["all@example.test"] });
  assert.match(loop.message, /loop/);
  await done("alias remove", { address: "all@example.test" });
  assert.equal((await failed("alias remove", { address: "all@example.test" })).failed, "not-found");
});

// Policy

const lan = `${firstPolicy}`.replace("true }", "true, addresses: [ { id: lan, match: 10.0.0.0/8 } ] }");

test("apply says what it changed, is in force at once, and undo leads back", async () => {
  const { done, context } = await adminScene();
  const applied = await done<{ version: number; changes: PolicyDiff }>("policy apply", {
    document: lan,
    why: "printers",
    who: "anna",
  });
  assert.equal(applied.version, 2);
  assert.deepEqual(applied.changes.listeners[0]?.withoutLogin.gained.ipv4, ["10.0.0.0/8"]);
  assert.equal(context.policy.current().policy.restrictions.addresses.length, 1);
  const undone = await done<{ version: number; changes: PolicyDiff }>("policy undo", { who: "bert" });
  assert.equal(undone.version, 3);
  assert.deepEqual(undone.changes.entries.removed, ["lan"]);
  assert.equal((await done<{ document: string }>("policy show")).document, firstPolicy);
  assert.equal((await done<{ document: string }>("policy show", { version: "2" })).document, lan);
  const history = await done<{ version: number; who: string; why: string }[]>("policy history");
  assert.deepEqual(
    history.map(({ version, who, why }) => [version, who, why]),
    [
      [3, "bert", "back to version 1"],
      [2, "anna", "printers"],
      [1, "first start", "something to begin with"],
    ],
  );
});

test("a document that is no policy changes nothing and every problem is told", async () => {
  const { done, failed } = await adminScene();
  const refused = await failed("policy apply", { document: "rutes: []\nrelay: { x: 1 }\n", why: "", who: "" });
  assert.equal(refused.failed, "invalid");
  assert.deepEqual(
    refused.problems?.map((problem) => problem.split(":")[0]),
    ["line 1, column 1", "line 2, column 10"],
  );
  assert.equal((await done<{ version: number }>("policy show")).version, 1);
});

test("diff of a document, and of two versions", async () => {
  const { done, failed } = await adminScene();
  const planned = await done<PolicyDiff>("policy diff", { document: lan });
  assert.deepEqual(planned.entries.added, ["lan"]);
  assert.equal((await done<{ version: number }>("policy show")).version, 1);
  await done("policy apply", { document: lan, why: "", who: "" });
  assert.deepEqual((await done<PolicyDiff>("policy diff", { from: 1, to: 2 })).entries.added, ["lan"]);
  assert.deepEqual((await done<PolicyDiff>("policy diff", { to: 1 })).entries.removed, ["lan"]);
  assert.equal((await failed("policy diff", { from: 9 })).failed, "not-found");
});

test("the password of a smart host is a secret of the store", async () => {
  const { done, store } = await adminScene();
  const kept = async () => settingOf(await store.read(readSetting(smartHostPassword("me"))));
  assert.deepEqual(await done("smart-host password", { account: "me", password: "secret" }), { kept: "me" });
  assert.equal(await kept(), "secret");
  await done("smart-host forget", { account: "me" });
  assert.equal(await kept(), null);
});

// Decisions

function address(text: string): Address {
  const read = parseAddress(text, { kind: "forward", allowsUtf8: true });
  return "refused" in read ? assert.fail(read.refused) : read;
}

/** A refusal as the reception would journal it. */
function refuse({ journal, clock, context }: Scene, forwardPath: string, client = "203.0.113.9"): string {
  const facts = () =>
    factsToJson(
      {
        client: { family: 4, value: 0xcb007109 },
        local: null,
        listener: { name: "relay", kind: "relay" },
        tls: false,
        account: null,
        reversePath: null,
        forwardPath: address(forwardPath),
        now: clock.now(),
        clockIsBehind: false,
      },
      [],
    );
  return journal.refused({
    at: clock.now(),
    verdict: "refuse",
    rule: "relay-denied",
    policy_version: context.policy.current().version,
    listener: "relay",
    client,
    account: null,
    reverse_path: "",
    forward_path: forwardPath,
    facts,
    entry_id: null,
  });
}

type Explained = { rule: string; from: string; trace: { condition: string; matched: boolean }[] };

test("a refusal is explained by its REF, by the policy of its time", async () => {
  const scene = await adminScene();
  const ref = refuse(scene, "bob@third.test");
  const before = await scene.done<Explained>("explain", { ref: ref.toLowerCase() });
  assert.deepEqual([before.rule, before.from], ["relay-denied", "<>"]);
  assert.ok(before.trace.length > 0);
  await scene.done("policy apply", { document: `${lan}connections: { reject: [ 203.0.113.9 ] }\n`, why: "", who: "" });
  assert.deepEqual(await scene.done("explain", { ref }), before);
  assert.equal((await scene.failed("explain", { ref: "ZZZ" })).failed, "not-found");
  assert.equal((await scene.failed("explain", { ref: "!" })).failed, "invalid");
});

test("decisions by what one looks for, page by page", async () => {
  const scene = await adminScene();
  refuse(scene, "a@one.test");
  scene.clock.advance(3_600_000);
  const second = refuse(scene, "b@two.test");
  const third = refuse(scene, "c@three.test", "192.0.2.66");
  const to = async (filter: object) =>
    (await scene.done<{ to: string }[]>("decisions", filter)).map((decision) => decision.to);
  assert.deepEqual(await to({}), ["c@three.test", "b@two.test", "a@one.test"]);
  assert.deepEqual(await to({ limit: "1" }), ["c@three.test"]);
  assert.deepEqual(await to({ before: third, limit: 1 }), ["b@two.test"]);
  assert.deepEqual(await to({ before: second }), ["a@one.test"]);
  assert.deepEqual(await to({ client: "192.0.2.66" }), ["c@three.test"]);
  assert.deepEqual(await to({ since: "30 min" }), ["c@three.test", "b@two.test"]);
  assert.deepEqual(await to({ to: "b@two.test", from: "<>", verdict: "refuse" }), ["b@two.test"]);
  assert.match((await scene.failed("decisions", { since: "long" })).message, /not a duration/);
  assert.equal((await scene.failed("decisions", { verdict: "maybe" })).failed, "invalid");
});

// Queue

async function queue({ store, clock }: Scene): Promise<string> {
  const [contentId, entryId, recipientId] = [store.nextId(), store.nextId(), store.nextId()];
  const entry = {
    id: entryId,
    contentId,
    size: 10,
    reversePath: "",
    bornAt: clock.now(),
    body: "7BIT",
    smtpUtf8: false,
    ret: null,
    envid: null,
    listener: "relay",
    client: "203.0.113.9",
    account: null,
  } as const;
  const recipient = {
    id: recipientId,
    entryId,
    forwardPath: "bob@third.test",
    originalPath: null,
    orcpt: null,
    notify: null,
    dueAt: clock.now() + 300_000,
    attempts: 1,
    isDelayReported: false,
  };
  await store.commit([
    {
      sql: "INSERT INTO content (id, size, inline, file) VALUES (?, ?, ?, NULL)",
      parameters: [contentId, 10, Buffer.alloc(10)],
    },
    insertEntry(entry),
    insertRecipient(recipient, 0),
  ]);
  return refOf(entryId);
}

test("the queue says what each recipient waits for, and is retried and deleted", async () => {
  const scene = await adminScene();
  const { done, failed, clock } = scene;
  const message = await queue(scene);
  const until = new Date(clock.now() + 300_000).toISOString();
  const [listed] = await done<{ message: string; from: string; waits: string }[]>("queue list");
  assert.deepEqual([listed?.message, listed?.from, listed?.waits], [message, "<>", `until ${until}`]);
  assert.deepEqual(await done("queue retry", { message }), { recipients: 1 });
  assert.equal(scene.wakes(), 1);
  const shown = await done<{ recipients: { waits: string }[] }>("queue show", { message: message.toLowerCase() });
  assert.equal(shown.recipients[0]?.waits, "is due now");
  assert.deepEqual(await done("queue delete", { message }), { recipients: ["bob@third.test"] });
  assert.deepEqual(scene.events.at(-1), {
    name: "recipient-finished",
    message,
    forwardPath: "bob@third.test",
    outcome: "deleted",
    host: null,
    said: "by an administrator",
  });
  assert.deepEqual(await done("queue list"), []);
  assert.equal((await failed("queue show", { message })).failed, "not-found");
  assert.equal((await failed("queue delete", { message: "!" })).failed, "not-found");
});

// The server

test("status at rest, and the configuration in the words of the boot file", async () => {
  const scene = await adminScene({ data: tmpdir() });
  refuse(scene, "a@one.test");
  await queue(scene);
  const status = await scene.done<{ running: unknown; queue: object; journal: object }>("status");
  assert.deepEqual(
    [status.running, status.queue, status.journal],
    [null, { messages: 1, recipients: 1 }, { rows: 1, decisions: 1 }],
  );
  const shown = await scene.done<Record<string, unknown>>("config show");
  assert.deepEqual([shown["hostname"], shown["journal"]], ["mx.example.test", { days: 30, "max-rows": 1_000_000 }]);
});

test("a quota is shown, set, given back to the boot file and lifted", async () => {
  const scene = await adminScene();
  await scene.done("account add", { account: "alice@example.test", password: "pa55 word" });
  const quota = async (text?: string) =>
    scene.done<{ quota: string; used: string }>("account quota", {
      account: "alice",
      ...(text === undefined ? {} : { quota: text }),
    });
  assert.deepEqual(await quota(), {
    account: "alice@example.test",
    quota: "default",
    used: "0 B",
    octets: 0,
    messages: 0,
  });
  assert.equal((await quota("2 GB")).quota, "2 GB");
  assert.equal((await quota()).quota, "2 GB");
  assert.equal((await quota("none")).quota, "none");
  assert.equal((await quota("default")).quota, "default");
  const refused = await scene.failed("account quota", { account: "alice", quota: "much" });
  assert.match(refused.message, /"much" is not a size/);
});

test("check finds what deserves a look", async (t) => {
  const data = await mkdtemp(join(tmpdir(), "gatepost-check-"));
  t.after(() => rm(data, { recursive: true }));
  const scene = await adminScene({ data });
  const findings = async () =>
    (await scene.done<{ about: string; level: string; finding: string }[]>("check"))
      // How full the disk of the tests is, is not the matter here.
      .filter(({ about }) => about !== data)
      .map(({ about, level, finding }) => `${level} ${about}: ${finding}`);
  assert.deepEqual(await findings(), ["note listeners: only this machine can reach them"]);

  const { certificate } = await selfSigned("other.test", scene.clock.now());
  await writeFile(join(data, "certificate.pem"), certificate);
  const open = "relay: { open-relay: true, addresses: [ { id: all, match: 0.0.0.0/0 } ] }";
  await scene.done("policy apply", { document: open, why: "", who: "" });
  const found = (await findings()).join("\n");
  assert.match(found, /^error policy: relay: OPEN RELAY/m);
  assert.match(found, /certificate\.pem: is not for mx\.example\.test/);
  assert.match(found, /certificate\.pem: is self-signed/);
  scene.clock.advance(100 * 365 * 86_400_000);
  assert.match((await findings()).join("\n"), /^error .*certificate\.pem: ran out/m);
});

test("check tells which servers are asked for names, and which are believed", async () => {
  const boot = `[dns]\nservers = ["192.0.2.53:5353", "127.0.0.1"]\ntrusted = ["192.0.2.53", "192.0.2.54", "127.0.0.1"]\n`;
  const found = await (await adminScene({ boot })).done<{ about: string; level: string; finding: string }[]>("check");
  assert.deepEqual(
    found.filter(({ about }) => about === "dns").map(({ level, finding }) => `${level}: ${finding}`),
    [
      "note: names are looked up at 192.0.2.53:5353, 127.0.0.1",
      "note: 192.0.2.53 is believed about DNSSEC: nobody else may answer in its place",
      "note: 192.0.2.54 is believed about DNSSEC: nobody else may answer in its place",
      "warning: 192.0.2.54 is trusted, but is none of the servers that are asked",
    ],
  );
});

test("check prints the records by which mail programs find a server that others reach", async () => {
  const boot = `[[listener]]\nname = "submissions"\nkind = "submission"\naddress = "192.0.2.1"\ntls = "implicit"\n`;
  const found = await (await adminScene({ boot })).done<{ about: string; finding: string }[]>("check");
  const records = found.find(({ about }) => about === "example.test")?.finding ?? "";
  assert.match(records, /_submissions\._tcp\.example\.test\. SRV 0 1 465 mx\.example\.test\.;/);
  assert.match(records, /_submission\._tcp\.example\.test\. SRV 0 0 0 \./);
});

test("check looks up whether mail for our domains comes here, when it is asked to", async (t) => {
  const dns = await DnsServer.during(t, { "example.test": { mx: [[10, "mx.elsewhere.test"]] } });
  const scene = await adminScene({ boot: `[dns]\nservers = ["${dns.place}"]\n` });
  const about = async () =>
    (await scene.done<{ about: string; finding: string }[]>("check", { dns: true }))
      .filter((one) => one.about === "example.test")
      .map(({ finding }) => finding);
  assert.deepEqual(await about(), ["its MX is mx.elsewhere.test, which is none of our names"]);
  dns.names.set("example.test", { mx: [[10, "MX.example.test"]] });
  assert.deepEqual(await about(), []);
  dns.names.set("example.test", {});
  assert.deepEqual(await about(), ["has no MX: mail for it does not come here"]);
  dns.names.set("example.test", { mx: "servfail" });
  assert.deepEqual(await about(), ["its MX cannot be looked up: the name server reported a failure"]);
});

test("check tells when the clock is behind the highest time seen", async () => {
  const scene = await adminScene({ data: tmpdir() });
  const later = String(scene.clock.now() + 3_600_000);
  await scene.store.commit([
    { sql: "INSERT INTO setting (name, value) VALUES ('highest-time', ?)", parameters: [later] },
  ]);
  const found = JSON.stringify(await scene.done("check"));
  assert.match(found, /"the clock","level":"error","finding":"is 1 h behind/);
});
