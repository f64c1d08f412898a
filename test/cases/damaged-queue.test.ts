import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { SMTPServer } from "smtp-server";
import { isFailure, perform } from "../../src/admin/operation.ts";
import { operationCalled } from "../../src/admin/operations.ts";
import { openAtRest } from "../../src/at-rest.ts";
import { isConfig, readConfig } from "../../src/config/read.ts";
import type { Event } from "../../src/events/catalogue.ts";
import { startServer } from "../../src/server.ts";
import { systemClock } from "../../src/time/system-clock.ts";
import { LineClient } from "../../testing/line-client.ts";

const sender = "sender@far.test";

/** Takes everything and remembers to whom and how much it was. */
async function nextHop(t: TestContext) {
  const taken = new Map<string, number>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    closeTimeout: 100,
    onData(stream, session, done) {
      let size = 0;
      stream.on("data", (chunk: Buffer) => (size += chunk.length));
      stream.on("end", () => {
        for (const { address } of session.envelope.rcptTo) {
          assert.ok(address === sender || !taken.has(address), `${address} got it twice`);
          taken.set(address, size);
        }
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => server.close(resolve)));
  return { taken, port: (server.server.address() as AddressInfo).port };
}

/** A data folder that is started and looked at again and again. */
async function dataFolder(t: TestContext, hopPort: number) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-damaged-"));
  t.after(() => rm(folder, { recursive: true }));
  const text = `hostname = "mx.example.test"\ndata = "."\n[[listener]]\nname = "relay"\nkind = "relay"\naddress = "127.0.0.1"\nport = 0\n`;
  const config = readConfig({
    file: { path: join(folder, "gatepost.toml"), text },
    environment: {},
    machineName: "x",
    folder,
  });
  if (!isConfig(config)) return assert.fail(JSON.stringify(config));
  const firstPolicy = `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: 127.0.0.1, port: ${hopPort} }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;
  return {
    folder,
    database: (): DatabaseSync => new DatabaseSync(join(folder, "gatepost.db"), { enableForeignKeyConstraints: false }),
    async start(delivers: boolean) {
      const events: Event[] = [];
      const waiting: { readonly isSo: () => boolean; readonly resolve: () => void }[] = [];
      const emit = (event: Event) => {
        events.push(event);
        for (const { isSo, resolve } of waiting) if (isSo()) resolve();
      };
      const onFatal = (problem: string) => assert.fail(problem);
      const server = await startServer({
        config,
        clock: systemClock,
        emit,
        version: "x",
        onFatal,
        delivers,
        firstPolicy,
      });
      const called = <Name extends Event["name"]>(name: Name) =>
        events.filter((event): event is Extract<Event, { name: Name }> => event.name === name);
      return {
        server,
        called,
        port: server.reception.listeners[0]?.port ?? 0,
        until: async (isSo: () => boolean): Promise<void> => {
          if (!isSo()) await new Promise<void>((resolve) => waiting.push({ isSo, resolve }));
        },
      };
    },
    /** Operations on the folder at rest. */
    async atRest<Result>(act: (ask: Ask) => Promise<Result>): Promise<Result> {
      const rest = await openAtRest(config);
      try {
        return await act(async <Output>(name: string, input: object = {}) => {
          const outcome = await perform(operationCalled(name) ?? assert.fail(name), rest.context, input);
          return isFailure(outcome) ? assert.fail(JSON.stringify(outcome)) : (outcome.done as Output);
        });
      } finally {
        await rest.close();
      }
    },
  };
}

type Ask = <Output>(name: string, input?: object) => Promise<Output>;

async function send(client: LineClient, to: string, octets: number): Promise<void> {
  assert.match(await client.say(`MAIL FROM:<${sender}>`), /^250 /);
  assert.match(await client.say(`RCPT TO:<${to}>`), /^250 /);
  assert.match(await client.say("DATA"), /^354 /);
  const line = `${(to[0] === "o" ? "w" : "x").repeat(70)}\r\n`;
  client.send(`Subject: ${to}\r\n\r\n${line.repeat(Math.ceil(octets / line.length))}`);
  assert.match(await client.say("."), /^250 /);
}

type Listed = { readonly to: string; readonly waits: string; readonly message: string };

test("O-33: damaged entries hold nobody up, are set aside with their reason, and are there at every start", async (t) => {
  const hop = await nextHop(t);
  const data = await dataFolder(t, hop.port);
  const small = 1_000;
  const overflowing = 40_000; // More than a page: in overflow pages of the database.
  const large = 100_000; // A file.
  const messages: Readonly<Record<string, number>> = {
    "healthy@r.test": small,
    "emptied@r.test": large,
    "cut@r.test": large,
    "missing@r.test": large,
    "unreadable@r.test": small,
    "short@r.test": small,
    "entryless@r.test": small,
    "contentless@r.test": small,
    "overwritten@r.test": overflowing,
    "large@r.test": large,
    "last@r.test": small,
  };
  const first = await data.start(false);
  const client = await LineClient.dial(first.port);
  await client.say("EHLO c.test");
  for (const [to, octets] of Object.entries(messages)) await send(client, to, octets);
  client.end();
  await first.server.close();

  const database = data.database();
  const fileOf = (to: string): string => {
    const sql =
      "SELECT file FROM content JOIN entry ON content.id = content_id JOIN recipient ON entry.id = entry_id WHERE forward_path = ?";
    return join(data.folder, "content", String(database.prepare(sql).get(to)?.["file"]));
  };
  const entryOf = "(SELECT entry_id FROM recipient WHERE forward_path = ?)";
  const contentOf = `(SELECT content_id FROM entry WHERE id = ${entryOf})`;
  await truncate(fileOf("emptied@r.test"), 0);
  await truncate(fileOf("cut@r.test"), 100);
  const missing = fileOf("missing@r.test");
  const missed = await readFile(missing);
  await rm(missing);
  database.prepare(`UPDATE content SET inline = substr(inline, 1, 20) WHERE id = ${contentOf}`).run("short@r.test");
  database.prepare(`DELETE FROM content WHERE id = ${contentOf}`).run("contentless@r.test");
  database.prepare(`DELETE FROM entry WHERE id = ${entryOf}`).run("entryless@r.test");
  database
    .prepare("UPDATE recipient SET forward_path = '{not an address' WHERE forward_path = ?")
    .run("unreadable@r.test");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  await spoilPageOf(join(data.folder, "gatepost.db"), "w");
  // Octets without an entry, and something half written: of an earlier start.
  await mkdir(join(data.folder, "content", "1"), { recursive: true });
  await writeFile(join(data.folder, "content", "1", "4294967999"), "Subject: nobody's\r\n");
  await writeFile(join(data.folder, "content", "1", "leftover.tmp"), "");

  const healthy = ["healthy@r.test", "large@r.test", "last@r.test"];
  const reasons: Readonly<Record<string, RegExp>> = {
    "emptied@r.test": /^set aside, because it is damaged: content\/\d+\/\d+ has 0 octets where \d+ were written$/,
    "cut@r.test": /^set aside, .*: content\/\d+\/\d+ has 100 octets where \d+ were written$/,
    "missing@r.test": /^set aside, .*: content\/\d+\/\d+ is missing$/,
    "{not an address": /^set aside, .*: its address cannot be read$/,
    "short@r.test": /^set aside, .*: the bytes of the message are not there$/,
    "entryless@r.test": /^set aside, .*: its row in the table of entries is missing$/,
    "contentless@r.test": /^set aside, .*: the bytes of the message are not in the database$/,
    "overwritten@r.test": /^set aside, .*: it cannot be read: .*malformed/,
  };
  const assertListed = async (ask: Ask): Promise<readonly Listed[]> => {
    const listed = await ask<readonly Listed[]>("queue list");
    const found = listed.filter(({ to }) => to !== sender);
    assert.deepEqual(found.map(({ to }) => to).sort(), Object.keys(reasons).sort());
    for (const { to, waits } of found) assert.match(waits, reasons[to] ?? assert.fail(to));
    const check = await ask<readonly { readonly about: string; readonly finding: string }[]>("check");
    assert.match(
      check.find(({ about }) => about === "the queue")?.finding ?? "",
      /^8 waiting recipients are set aside/,
    );
    return found;
  };

  const second = await data.start(true);
  await second.until(() => second.called("recipient-set-aside").length === 8);
  await second.until(() => healthy.every((to) => hop.taken.has(to)));
  await second.until(() => second.called("contents-swept").length === 1);
  assert.deepEqual(second.called("trouble"), []);
  // Their sender was told that they wait: of those whose envelope is there.
  await second.until(() => second.called("recipient-finished").some(({ forwardPath }) => forwardPath === sender));
  await second.server.close();
  assert.deepEqual([...hop.taken.keys()].filter((to) => to !== sender).sort(), healthy);
  await data.atRest(assertListed);
  assert.equal((await readdir(join(data.folder, "quarantine"))).length, 2);

  // A second start gives the same.
  hop.taken.clear();
  const third = await data.start(true);
  await third.until(() => third.called("server-started").length === 1);
  await third.server.close();
  assert.deepEqual(third.called("recipient-set-aside"), []);
  // Put back from a copy, and told to try: it is sent. The others find out again what is wrong.
  await writeFile(missing, missed);
  const listed = await data.atRest(async (ask) => {
    const found = await assertListed(ask);
    await ask("queue retry");
    return found;
  });
  hop.taken.clear();
  const fourth = await data.start(true);
  await fourth.until(() => hop.taken.has("missing@r.test") && fourth.called("recipient-set-aside").length === 7);
  await fourth.server.close();
  assert.equal(hop.taken.get("missing@r.test"), missed.length);

  // What is damaged can be taken out for good.
  await data.atRest(async (ask) => {
    for (const { to, message } of listed) if (to !== "missing@r.test") await ask("queue delete", { message });
    assert.deepEqual(await ask("queue list"), []);
  });
});

/**
 * Spoils a page on which the database goes on with a long content of this letter: such a page begins with the number of the next
 * one, and that becomes a page that cannot be.
 */
async function spoilPageOf(path: string, letter: string): Promise<void> {
  const pageSize = 8192;
  const bytes = await readFile(path);
  for (let at = 0; at < bytes.length; at += pageSize) {
    const start = bytes.toString("latin1", at + 4, at + 200);
    if (!new RegExp(`^${letter}{0,70}\\r?\\n?${letter}{60,70}\\r\\n${letter}`).test(start)) continue;
    const handle = await open(path, "r+");
    await handle.write(Buffer.alloc(4, 0xff), 0, 4, at);
    return handle.close();
  }
  assert.fail("no page goes on with the content");
}
