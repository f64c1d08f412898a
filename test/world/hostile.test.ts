import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connect as connectTls } from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { quiet } from "../../testing/fake-clock.ts";
import { openReceptionScene, type ReceptionScene } from "../../testing/reception-scene.ts";

// Clients that mean no good, or cannot do better, over real sockets (issue 3 §9): each gets a defined reply or a bounded end, one
// event tells of it, and nothing of it stays. What a dialogue can say stands in test/dialogues.

const bounded = { timeout: 60_000 };

/** Connections from one address: how many fit tells whether every one that ended gave its place back. */
const places = 40;

function openScene(t: TestContext, limits: Parameters<typeof openReceptionScene>[1]["limits"] = {}) {
  return openReceptionScene(t, {
    listeners: [
      { name: "clear", kind: "relay", auth: true },
      { name: "implicit", kind: "relay", tls: "implicit" },
    ],
    policy: `routing: [ { sent-to: "#example.test", route: inbound } ]\nrelay: { authenticated: true }\n`,
    accounts: [{ address: "anna@example.test", password: { password: "secret" } }],
    limits: { connectionsPerAddress: places, ...limits },
  });
}

type Client = { readonly socket: Socket; readonly heard: () => string; readonly ended: Promise<void> };

/** Hears everything until the server closes; an error of the connection is an end too. */
function clientAt(t: TestContext, port: number, from = "127.0.0.1"): Client {
  const socket = connect({ port, host: "127.0.0.1", localAddress: from, allowHalfOpen: true, noDelay: true });
  const sockets = socketsOf(t);
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  let heard = "";
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
  for (const event of ["end", "error", "close"]) socket.on(event, () => resolve());
  return { socket, heard: () => heard, ended };
}

const open = new WeakMap<TestContext, Set<Socket>>();

/** The sockets of a test that are still open; those are destroyed when it ends. */
function socketsOf(t: TestContext): Set<Socket> {
  const known = open.get(t);
  if (known !== undefined) return known;
  const sockets = new Set<Socket>();
  open.set(t, sockets);
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

/** Resolves when the client has heard this. */
async function hears({ socket, heard }: Client, what: RegExp): Promise<void> {
  while (!what.test(heard())) {
    await new Promise<void>((resolve, reject) => {
      socket.once("data", () => resolve());
      socket.once("close", () => reject(new Error(`closed; heard ${JSON.stringify(heard().slice(-200))}`)));
    });
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise<void>((resolve) => void setImmediate(resolve));
}

const endsOf = (scene: ReceptionScene) => scene.eventsCalled("session-closed").map(({ reason }) => reason);

/** Every session that was opened is closed once, its place is free, and nothing went wrong on our side. */
async function expectNothingLeft(t: TestContext, scene: ReceptionScene): Promise<void> {
  const opened = scene.eventsCalled("session-opened").map(({ session }) => session);
  await until(() => endsOf(scene).length >= opened.length);
  assert.deepEqual(
    scene
      .eventsCalled("session-closed")
      .map(({ session }) => session)
      .sort(),
    opened.sort(),
  );
  assert.deepEqual(scene.eventsCalled("trouble"), []);
  // A place is free when the connection is gone, a moment after the session.
  while (!(await everyPlaceIsFree(t, scene.portOf("clear")))) await quiet();
}

async function everyPlaceIsFree(t: TestContext, port: number): Promise<boolean> {
  const clients = Array.from({ length: places }, () => clientAt(t, port));
  for (const client of clients) await hears(client, /\r\n/);
  for (const { socket } of clients) socket.destroy();
  return clients.every(({ heard }) => heard().startsWith("220 "));
}

const envelope = "EHLO a.test\r\nMAIL FROM:<x@other.test>\r\nRCPT TO:<anna@example.test>\r\nDATA\r\n";

// Slow clients

test(
  "whoever says nothing hears 421 after the command timeout, and is dropped when it does not close its side",
  bounded,
  async (t) => {
    const scene = await openScene(t);
    const client = clientAt(t, scene.portOf("clear"));
    await hears(client, /^220 /);
    scene.clock.advance(4 * 60_000);
    assert.deepEqual(endsOf(scene), []);
    scene.clock.advance(62_000);
    await client.ended;
    assert.match(client.heard(), /\r\n421 4\.4\.2 [^\r]*\r\n$/);
    assert.deepEqual(endsOf(scene), ["timeout"]);
    // The client never closes: its place is taken from it.
    scene.clock.advance(12_000);
    await expectNothingLeft(t, scene);
  },
);

test("a command has its time as a whole: an octet a minute does not hold a place for ever", bounded, async (t) => {
  const scene = await openScene(t);
  const client = clientAt(t, scene.portOf("clear"));
  await hears(client, /^220 /);
  for (const letter of "NOOP ") {
    client.socket.write(letter);
    await quiet();
    scene.clock.advance(60_500);
  }
  await client.ended;
  assert.match(client.heard(), /\r\n421 4\.4\.2 /);
  client.socket.destroy();
  await expectNothingLeft(t, scene);
});

test("a login and a content have their own time; half a message is not kept", bounded, async (t) => {
  const scene = await openScene(t);
  const login = clientAt(t, scene.portOf("implicit"));
  const secure = connectTls({ socket: login.socket, rejectUnauthorized: false });
  await new Promise<void>((resolve) => secure.once("secureConnect", resolve));
  secure.end("EHLO a.test\r\n");
  const content = clientAt(t, scene.portOf("clear"));
  content.socket.write(`${envelope}Subject: half\r\n`);
  await hears(content, /^354 /m);
  for (let minute = 0; minute < 6; minute++) {
    // Content may take as long as it likes, as long as it goes on (RFC 5321 §4.5.3.2.5), and not too slowly.
    const { held } = scene.memory;
    content.socket.write(`${"x".repeat(98)}\r\n`.repeat(150));
    await until(() => scene.memory.held === held + 15_000);
    scene.clock.advance(2 * 60_000);
  }
  assert.doesNotMatch(content.heard(), /^421/m);
  scene.clock.advance(62_000);
  await content.ended;
  assert.match(content.heard(), /^421 4\.4\.2 /m);
  assert.deepEqual(scene.eventsCalled("message-accepted"), []);
  for (const { socket } of [login, content]) socket.destroy();
  await expectNothingLeft(t, scene);
});

test("an octet every five seconds holds no session for longer than silence does", bounded, async (t) => {
  const scene = await openScene(t);
  const client = clientAt(t, scene.portOf("clear"));
  client.socket.write(`${envelope}Subject: drip\r\n\r\n`);
  await hears(client, /^354 /m);
  let minutes = 0;
  for (let octets = 0; endsOf(scene).length === 0 && octets < 100; octets++) {
    client.socket.write("x");
    await quiet();
    scene.clock.advance(5_000);
    minutes = (octets * 5) / 60;
  }
  await client.ended;
  assert.ok(minutes > 2.9 && minutes < 3.5, `${minutes} minutes`);
  assert.match(client.heard(), /^421 4\.4\.2 /m);
  assert.deepEqual([scene.eventsCalled("message-accepted"), endsOf(scene)], [[], ["timeout"]]);
  client.socket.destroy();
  await expectNothingLeft(t, scene);
});

test("a handshake that does not go on ends", bounded, async (t) => {
  const scene = await openScene(t);
  const implicit = clientAt(t, scene.portOf("implicit"));
  const clear = clientAt(t, scene.portOf("clear"));
  clear.socket.write("STARTTLS\r\n");
  await hears(clear, /^220 2\.0\.0 /m);
  await until(() => scene.eventsCalled("session-opened").length === 2);
  scene.clock.advance(32_000);
  await Promise.all([implicit.ended, clear.ended]);
  assert.deepEqual(endsOf(scene), ["timeout", "timeout"]);
  await expectNothingLeft(t, scene);
});

test(
  "hundreds of connections that say nothing: those beyond the limit are told so, the others end in time",
  bounded,
  async (t) => {
    const scene = await openScene(t, { connections: 150 });
    const clients = Array.from({ length: 200 }, (_, at) => clientAt(t, scene.portOf("clear"), `127.1.${at % 10}.1`));
    for (const client of clients) await hears(client, /\r\n/);
    const refused = clients.filter(({ heard }) => heard().startsWith("421 4.3.2 "));
    assert.equal(refused.length, 50);
    scene.clock.advance(5 * 60_000 + 2_000);
    await Promise.all(clients.map(({ ended }) => ended));
    assert.equal(clients.filter(({ heard }) => /\r\n421 4\.4\.2 /.test(heard())).length, 150);
    for (const { socket } of clients) socket.destroy();
    await expectNothingLeft(t, scene);
  },
);

// Clients that do not read, or do not go on

/** Writes until nothing more is taken; fails when that does not happen within 64 MiB, far beyond what the system buffers. */
async function fill({ socket }: Client, text: string): Promise<void> {
  const block = text.repeat(Math.ceil(65_536 / text.length));
  for (let written = 0; written < 64 * 1_048_576; written += block.length) {
    socket.write(block);
    for (let round = 0; socket.writableLength > 0 && round < 50; round++) await quiet();
    if (socket.writableLength > 0) return;
  }
  assert.fail("the server takes everything, though nobody reads its replies");
}

test(
  "whoever never reads its replies gets no more of them, and the server takes no more commands",
  bounded,
  async (t) => {
    const scene = await openScene(t, { commands: 1_000_000_000 });
    const client = clientAt(t, scene.portOf("clear"));
    await hears(client, /^220 /);
    client.socket.pause();
    await fill(client, "NOOP\r\n");
    // It reads a little, and stops again: so does the server.
    for (let round = 0; round < 3; round++) {
      const before = client.heard().length;
      client.socket.resume();
      await until(() => client.heard().length > before + 1_000_000);
      client.socket.pause();
      await fill(client, "NOOP\r\n");
    }
    scene.clock.advance(5 * 60_000 + 2_000);
    assert.deepEqual(endsOf(scene), ["timeout"]);
    scene.clock.advance(12_000);
    client.socket.destroy();
    await expectNothingLeft(t, scene);
  },
);

test("whoever sends much at once, closes its side and reads late hears everything", bounded, async (t) => {
  const scene = await openScene(t, { commands: 1_000_000 });
  const client = clientAt(t, scene.portOf("clear"));
  await hears(client, /^220 /);
  client.socket.pause();
  const count = 200_000;
  client.socket.end("NOOP\r\n".repeat(count));
  for (let round = 0; round < 100; round++) await quiet();
  client.socket.resume();
  await client.ended;
  assert.equal(client.heard().match(/^250 /gm)?.length, count);
  assert.deepEqual(endsOf(scene), ["closed by client"]);
  await expectNothingLeft(t, scene);
});

test("a line without end is answered once and costs no memory", bounded, async (t) => {
  const scene = await openScene(t);
  const client = clientAt(t, scene.portOf("clear"));
  for (let block = 0; block < 64; block++) {
    if (!client.socket.write("x".repeat(65_536))) await new Promise((resolve) => client.socket.once("drain", resolve));
  }
  client.socket.write("\r\nQUIT\r\n");
  await client.ended;
  assert.deepEqual(client.heard().match(/^\d{3}/gm), ["220", "500", "221"]);
  await expectNothingLeft(t, scene);
});

test(
  "a connection that breaks in the middle of a message leaves nothing, in memory or as a file",
  bounded,
  async (t) => {
    const scene = await openScene(t);
    for (const size of [100, 300_000]) {
      const client = clientAt(t, scene.portOf("clear"));
      client.socket.write(envelope);
      await hears(client, /^354 /m);
      const taken = client.socket.bytesWritten + size;
      client.socket.write(`${"x".repeat(98)}\r\n`.repeat(size / 100));
      await until(() => client.socket.bytesWritten === taken && client.socket.writableLength === 0);
      await quiet();
      client.socket.resetAndDestroy();
      await until(() => endsOf(scene).length === scene.eventsCalled("session-opened").length);
    }
    assert.deepEqual(endsOf(scene), ["broken", "broken"]);
    assert.deepEqual(scene.eventsCalled("message-accepted"), []);
    await until(() => true);
    assert.deepEqual(await filesIn(join(scene.folder, "content")), []);
    await expectNothingLeft(t, scene);
  },
);

/** Files that are removed meanwhile are waited for. */
async function filesIn(folder: string): Promise<readonly string[]> {
  for (let round = 0; ; round++) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    if (files.length === 0 || round === 1_000) return files;
    await quiet();
  }
}

test("a side that is closed in the middle of a message, or of a handshake, ends the session", bounded, async (t) => {
  const scene = await openScene(t);
  const content = clientAt(t, scene.portOf("clear"));
  content.socket.end(`${envelope}Subject: half\r\n`);
  await content.ended;
  const handshake = clientAt(t, scene.portOf("implicit"));
  handshake.socket.end(Buffer.from("160301", "hex"));
  await until(() => scene.eventsCalled("session-opened").length === 2);
  scene.clock.advance(32_000);
  await handshake.ended;
  assert.deepEqual(scene.eventsCalled("message-accepted"), []);
  await expectNothingLeft(t, scene);
});

// Clients that ask for much

test(
  "a thousand recipients fit into one message, those beyond are put off, and the message is taken",
  bounded,
  async (t) => {
    const scene = await openScene(t);
    const client = clientAt(t, scene.portOf("clear"));
    const recipients = "RCPT TO:<anna@example.test>\r\n".repeat(1_005);
    client.socket.write(`EHLO a.test\r\nMAIL FROM:<x@other.test>\r\n${recipients}DATA\r\n`);
    await hears(client, /^354 /m);
    client.socket.write("Subject: x\r\n\r\n.\r\nQUIT\r\n");
    await client.ended;
    const codes = client.heard().match(/^\d{3}(?= )/gm) ?? [];
    assert.equal(codes.filter((code) => code === "250").length, 1 + 1 + 1_000 + 1);
    assert.equal(codes.filter((code) => code === "452").length, 5);
    assert.equal(scene.eventsCalled("message-accepted")[0]?.recipients, 1_000);
    await expectNothingLeft(t, scene);
  },
);

test("thousands of commands, errors or wrong passwords end the session", bounded, async (t) => {
  const scene = await openScene(t);
  for (const [line, wanted, most] of [
    ["NOOP", /^421 4\.7\.0 Too many commands/m, 1_000],
    ["VRFY x", /^421 4\.7\.0 Too many commands/m, 1_000],
    ["FOO", /^421 4\.7\.0 Too many errors/m, 21],
    ["RSET x", /^421 4\.7\.0 Too many errors/m, 21],
    [`RCPT TO:<u@victim.test>`, /^421 4\.7\.0 Too many commands/m, 1_000],
  ] as const) {
    const client = clientAt(t, scene.portOf("clear"));
    client.socket.write(`EHLO a.test\r\nMAIL FROM:<x@other.test>\r\n${`${line}\r\n`.repeat(5_000)}`);
    await client.ended;
    assert.match(client.heard(), wanted, line);
    assert.ok((client.heard().match(/^\d{3} /gm)?.length ?? 0) <= most + 4, line);
    client.socket.destroy();
  }
  assert.deepEqual(new Set(endsOf(scene)), new Set(["too many errors"]));
  await expectNothingLeft(t, scene);
});

// TLS where there is none, and the other way round

test(
  "what is no handshake fails as one: on a port with TLS, and behind STARTTLS in a segment of its own",
  bounded,
  async (t) => {
    const scene = await openScene(t);
    for (const noise of ["EHLO a.test\r\n", "\x16\x03\x01\x00\x05hello", "\0".repeat(100), "\xff".repeat(70_000)]) {
      const implicit = clientAt(t, scene.portOf("implicit"));
      implicit.socket.write(noise, "latin1");
      const clear = clientAt(t, scene.portOf("clear"));
      clear.socket.write("EHLO a.test\r\nSTARTTLS\r\n");
      await hears(clear, /^220 2\.0\.0 /m);
      clear.socket.write(noise, "latin1");
      // Some of this may be the beginning of a handshake to whoever is patient.
      await quiet();
      scene.clock.advance(32_000);
      await Promise.all([implicit.ended, clear.ended]);
      assert.doesNotMatch(implicit.heard() + clear.heard(), /250 2\.|a\.test[^]*503/);
    }
    assert.deepEqual(new Set(endsOf(scene)), new Set(["tls failed"]));
    assert.equal(scene.eventsCalled("tls-failed").length, 8);
    await expectNothingLeft(t, scene);
  },
);

test("a handshake on a port without TLS is no command", bounded, async (t) => {
  const scene = await openScene(t);
  const client = clientAt(t, scene.portOf("clear"));
  const secure = connectTls({ socket: client.socket, rejectUnauthorized: false });
  await new Promise<void>((resolve) => secure.once("error", () => resolve()));
  client.socket.destroy();
  await until(() => endsOf(scene).length === 1);
  await expectNothingLeft(t, scene);
});

// Many of each

test("memory does not grow with clients that come and go badly", bounded, async (t) => {
  const scene = await openScene(t);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const crowd = async (count: number): Promise<number> => {
    for (let round = 0; round < count; round++) {
      const sessions = scene.eventsCalled("session-opened").length + 4;
      const broken = clientAt(t, scene.portOf("clear"));
      broken.socket.write(`${envelope}${"x".repeat(1_000)}`);
      const noise = clientAt(t, scene.portOf("implicit"));
      noise.socket.write("GET / HTTP/1.1\r\n\r\n");
      const long = clientAt(t, scene.portOf("clear"));
      long.socket.write("x".repeat(100_000));
      const quick = clientAt(t, scene.portOf("clear"));
      await Promise.all([hears(broken, /^354/m), noise.ended, hears(long, /^500/m), hears(quick, /^220/m)]);
      for (const { socket } of [broken, noise, long, quick]) socket.resetAndDestroy();
      await until(() => endsOf(scene).length === sessions);
    }
    // The scene's own memory, not the server's.
    scene.events.length = 0;
    // What was closed a moment ago is let go a moment later.
    let least = Infinity;
    for (let round = 0; round < 5; round++) {
      await quiet();
      collect();
      const { heapUsed, external } = process.memoryUsage();
      least = Math.min(least, heapUsed + external);
    }
    return least;
  };
  const before = await crowd(40);
  const after = Math.min(await crowd(80), await crowd(80));
  assert.ok(after - before < 1_000_000, `${after - before} octets more after 320 sessions`);
  await expectNothingLeft(t, scene);
});
