import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test, type TestContext } from "node:test";
import { z } from "zod";
import { askServer } from "../../src/admin/socket-client.ts";
import type { Event } from "../../src/events/catalogue.ts";
import { openSink } from "../../testing/smtp-sink.ts";
import { SocketPeer, whole } from "../../testing/socket-peer.ts";
import { startedServer } from "../../testing/world.ts";
import { type Fate, matrix, policyOf, type Sender, senders } from "./matrix.ts";

const families = [
  { name: "IPv4", client: "127.0.0.1", own: "[127.0.0.1]" },
  { name: "IPv6", client: "::1", own: "[IPv6:::1]" },
] as const;

const own = { who: "own", login: "anna@example.test" } as const;
const any = { who: "any", login: "robot@example.test" } as const;

/** Who asks, and at which listener. `login`: a relay listener at which accounts may log in (`auth = true`). */
const roles = [
  { at: "relay", who: "stranger" },
  { at: "login", who: "stranger" },
  { at: "login", ...own },
  { at: "login", ...any },
  { at: "submission", who: "nobody" },
  { at: "submission", ...own },
  { at: "submission", ...any },
] as const satisfies readonly Role[];

type Role = { readonly at: string; readonly who: "stranger" | "nobody" | "own" | "any"; readonly login?: string };

function bootFile(dnsPort: number): string {
  const listener = (name: string, kind: string, address: string, more = "") =>
    `[[listener]]\nname = "${name}"\nkind = "${kind}"\naddress = "${address}"\nport = 0\nallow-clear-auth = true\n${more}`;
  return `
hostname = "mx.example.test"
data = "data"
${listener("relay-ipv4", "relay", "127.0.0.1")}
${listener("relay-ipv6", "relay", "::1")}
${listener("login-ipv4", "relay", "127.0.0.1", "auth = true\n")}
${listener("login-ipv6", "relay", "::1", "auth = true\n")}
${listener("submission-ipv4", "submission", "127.0.0.1")}
${listener("submission-ipv6", "submission", "::1")}
[limits]
commands = 1_000_000
errors = 1_000_000
[dns]
servers = ["127.0.0.1:${dnsPort}"]
`;
}

/** A resolver that cannot answer: what leaves by MX stays in the queue and is looked at there. */
async function brokenDns(t: TestContext): Promise<number> {
  const socket = createSocket("udp4", (query, from) => {
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8182, 2);
    socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  t.after(() => void socket.close());
  return socket.address().port;
}

async function openMatrixWorld(t: TestContext) {
  const sink = await openSink(t);
  const world = await startedServer(t, policyOf(sink.port), { boot: bootFile(await brokenDns(t)) });
  const { administration } = world.server;
  for (const [address, senders] of [
    ["anna@example.test", "own"],
    ["robot@example.test", "any"],
  ] as const) {
    const made = await administration.create({ address, senders, password: { password: "secret" } });
    assert.ok(!("refused" in made), JSON.stringify(made));
  }
  for (const [address, target] of [
    ["*@catchall.test", "anna@example.test"],
    ["odd%name@example.test", "anna@example.test"],
    ["afar@example.test", "friend@elsewhere.test"],
  ]) {
    const made = await askServer(world.data, { operation: "alias add", input: { address, targets: [target] } });
    assert.ok(made !== null && "done" in made, JSON.stringify(made));
  }
  return { ...world, sink };
}

type World = Awaited<ReturnType<typeof openMatrixWorld>>;

const codes = {
  "relay-denied": "550 5.7.1",
  malformed: "550 5.1.3",
  "unknown-mailbox": "550 5.1.1",
} as const;

const isRule = (fate: Fate): fate is keyof typeof codes => fate in codes;
const isAccepted = (fate: Fate) => fate === "here" || fate.startsWith("> ");

/** What RCPT is to say. */
function replyTo(fate: Fate): string {
  if (isRule(fate)) return codes[fate];
  return isAccepted(fate) ? "250 2.1.5" : fate;
}

/** The last line of the next reply: code and status. */
async function reply(peer: SocketPeer): Promise<string> {
  for (;;) {
    const line =
      (await peer.nextLine()) ??
      assert.fail(peer.isClosed ? "the server closed the connection" : "the server says no more");
    if (line[3] === " ") return /^\d{3}(?: [245]\.\d+\.\d+)?/.exec(line)?.[0] ?? line;
  }
}

type Family = (typeof families)[number];
type Cell = { readonly form: string; readonly fate: Fate };

/** The matrix as it is for one role; without a transaction what the grammar lets pass comes out of order. */
function cellsFor(role: Role, { own, isOpen }: { own: string; isOpen: boolean }): readonly Cell[] {
  return matrix(own).map(({ form, stranger, account }) => {
    const fate = role.login === undefined ? stranger : account;
    const isWellFormed = isRule(fate) || isAccepted(fate) || fate === "553 5.6.7";
    return { form, fate: isOpen || !isWellFormed ? fate : "503 5.5.1" };
  });
}

/** One session with one sender and every recipient of the matrix; returns the recipients that are to leave. */
async function tryAll(world: World, { family, role, sender }: { family: Family; role: Role; sender: Sender }) {
  const tag = tagOf({ family, role, sender });
  const listener = `${role.at}-${family.name.toLowerCase()}`;
  const peer = await SocketPeer.open({ port: world.portOf(listener), from: family.client, isTls: false, cut: whole });
  const ask = (line: string) => {
    peer.write(Buffer.from(`${line}\r\n`));
    return reply(peer);
  };
  try {
    assert.equal(await reply(peer), "220");
    assert.equal(await ask("EHLO tester.invalid"), "250");
    const { who, login } = role;
    if (login !== undefined) {
      assert.equal(await ask(`AUTH PLAIN ${Buffer.from(`\0${login}\0secret`).toString("base64")}`), "235 2.7.0");
    }
    const before = world.events.length;
    assert.equal(await ask(`MAIL FROM:${sender.path}`), sender[who], `${tag}: MAIL`);
    const isOpen = sender[who].startsWith("250");
    const cells = cellsFor(role, { own: family.own, isOpen });
    peer.write(Buffer.from(cells.map(({ form }) => `RCPT TO:${form}\r\n`).join("")));
    for (const { form, fate } of cells) {
      assert.equal(await reply(peer), replyTo(fate), `${tag}: RCPT TO:${JSON.stringify(form)} is to be ${fate}`);
    }
    assert.deepEqual(
      world.events.slice(before).flatMap((event) => (event.name === "recipient-refused" ? [event.rule] : [])),
      [...rulesAtMail(sender[who]), ...cells.flatMap(({ fate }) => (isRule(fate) ? [fate] : []))],
      `${tag}: rules`,
    );
    assert.equal(await ask("DATA"), isOpen ? "354" : "503 5.5.1");
    if (isOpen) {
      const from = login ?? "x@victim.test";
      assert.equal(await ask(`From: ${from}\r\nSubject: ${tag}\r\n\r\n.`), "250 2.0.0", `${tag}: content`);
    }
    assert.equal(await ask("QUIT"), "221 2.0.0");
    return cells.flatMap(({ fate }) => (fate.startsWith("> ") ? [fate.slice(2)] : []));
  } finally {
    peer.end();
  }
}

const tagOf = ({ family, role, sender }: { family: Family; role: Role; sender: Sender }) =>
  `${family.name} ${role.at} ${role.who} ${sender.path}`;

function rulesAtMail(said: string): readonly string[] {
  if (said.startsWith("530")) return ["authentication-required"];
  return said === "550 5.7.1" ? ["sender-not-allowed"] : [];
}

/** Where by MX nothing can be looked up: what waits in the queue for such a domain would leave if it could. */
const byMx = (recipient: string) => recipient.endsWith("@backup.test");

/** As the queue shows it. */
const bare = (path: string) => (path === "<>" ? path : path.slice(1, -1));

// 7 senders × every form × IPv4 and IPv6 × a stranger at a relay listener, a stranger and two accounts at one where accounts may log
// in, nobody and two accounts at a submission listener.
// First each reply and its rule, then what the world saw: a recipient that left and is not in the table is a relay.
test("the relay-testers' matrix: nothing is relayed that the policy does not allow (relay-policy §2.3)", async (t) => {
  const world = await openMatrixWorld(t);
  const toSink: string[] = [];
  const toQueue: string[] = [];
  for (const family of families) {
    for (const role of roles) {
      for (const sender of senders(family.own)) {
        const tag = tagOf({ family, role, sender });
        for (const recipient of new Set(await tryAll(world, { family, role, sender }))) {
          if (byMx(recipient)) toQueue.push(`${bare(sender.path)} ${recipient}`);
          else toSink.push(`${tag} ${recipient}`);
        }
      }
    }
  }
  let left = toSink.length + toQueue.length;
  await world.seen((event) => isSettledAway(event) && --left === 0);
  const arrived = world.sink.arrived.flatMap(({ content, recipients }) =>
    recipients.map((recipient) => `${/^Subject: (.*)$/m.exec(content)?.[1]?.trim()} ${recipient}`),
  );
  assert.deepEqual(arrived.sort(), toSink.sort());
  assert.deepEqual(await waiting(world), toQueue.sort());
  // Nothing would be proven by a way out that is closed.
  assert.ok(toSink.length > 300 && toQueue.length > 10, `${toSink.length} to the sink, ${toQueue.length} by MX`);
});

/** A recipient elsewhere was sent to the sink, or could not be looked up. */
function isSettledAway(event: Event): boolean {
  return event.name === "recipient-deferred" || (event.name === "recipient-finished" && event.host !== null);
}

/** What is left in the queue, as "sender recipient". */
async function waiting({ data }: World): Promise<readonly string[]> {
  const listed = await askServer(data, { operation: "queue list", input: { limit: 10_000 } });
  const rows = z.object({ done: z.array(z.object({ from: z.string(), to: z.string() })) }).parse(listed);
  return rows.done.map(({ from, to }) => `${from} ${to}`).sort();
}
