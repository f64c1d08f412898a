import assert from "node:assert/strict";
import { isAscii } from "node:buffer";
import { test, type TestContext } from "node:test";
import { simpleParser } from "mailparser";
import { createTransport, type SendMailOptions } from "nodemailer";
import { askServer } from "../../src/admin/socket-client.ts";
import { independentHop, type HopOptions } from "../../testing/independent-hop.ts";
import { startedServer } from "../../testing/world.ts";

/** Our server with everything that is not ours going to one hop; `send` is a client that holds a grant. */
async function scene(t: TestContext, options: HopOptions = {}) {
  const hop = await independentHop(t, options);
  const world = await startedServer(
    t,
    `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: 127.0.0.1, port: ${hop.port} }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`,
  );
  const transport = createTransport({ host: "127.0.0.1", port: world.portOf("relay"), ignoreTLS: true });
  t.after(() => transport.close());
  const send = (from: string, to: readonly string[], more: SendMailOptions) =>
    transport.sendMail({ envelope: { from, to: [...to], ...more.envelope }, ...more });
  const finished = (forwardPath: string, outcome: string) =>
    world.seen(
      (event) => event.name === "recipient-finished" && event.forwardPath === forwardPath && event.outcome === outcome,
    );
  /** … so many times by now. */
  const finishedTimes = (forwardPath: string, times: number) =>
    world.seen(
      () =>
        world.events.filter((event) => event.name === "recipient-finished" && event.forwardPath === forwardPath)
          .length >= times,
    );
  const reports = () => world.events.filter(({ name }) => name === "report-composed").length;
  return { ...world, hop, send, finished, finishedTimes, reports };
}

const raw = (text: string) => ({ raw: Buffer.from(text.replaceAll("\n", "\r\n")) });

test("NOTIFY=SUCCESS: delivered here, passed on to a host that reports nothing; NEVER is never (RFC 3461 §5.2)", async (t) => {
  const { hop, send, finished, finishedTimes, reports } = await scene(t);
  const dsn = (notify: string) => ({
    dsn: { id: "QQ314159", return: "headers", notify, recipient: "Bob@elsewhere.test" },
  });
  const message = { subject: "x", text: "the body" };
  await send("s@far.test", ["admin@mx.example.test"], { ...message, ...dsn("success") } as SendMailOptions);
  await finished("s@far.test", "delivered");
  await send("s@far.test", ["ok@r.test"], { ...message, ...dsn("success") } as SendMailOptions);
  await finished("ok@r.test", "delivered");
  await send("s@far.test", ["gone@r.test"], { ...message, ...dsn("never") } as SendMailOptions);
  await finished("gone@r.test", "failed");
  await finishedTimes("s@far.test", 2);
  assert.equal(reports(), 2);
  const sent = hop.taken.filter(({ to: [only] }) => only === "s@far.test").map(({ content }) => content);
  const [delivered, relayed] = sent;
  assert.match(
    delivered ?? "",
    /Original-Envelope-Id: QQ314159\r\n.*\r\nOriginal-Recipient: rfc822; Bob@elsewhere\.test\r\nFinal-Recipient: rfc822; admin@mx\.example\.test\r\nAction: delivered\r\nStatus: 2\.0\.0\r\n/s,
  );
  assert.doesNotMatch(delivered ?? "", /the body/);
  if (relayed !== undefined)
    assert.match(relayed, /Final-Recipient: rfc822; ok@r\.test\r\nAction: relayed\r\nStatus: 2\.0\.0\r\n/);
});

test("NOTIFY=SUCCESS for an alias: several recipients are told as expanded, one is told about as itself (RFC 3461 §5.2.7)", async (t) => {
  const { hop, data, send, finished, finishedTimes, reports } = await scene(t);
  for (const [address, targets] of [
    ["group@mx.example.test", ["admin@mx.example.test", "ok@r.test", "gone@r.test"]],
    ["forward@mx.example.test", ["ok2@r.test"]],
    ["here@mx.example.test", ["admin@mx.example.test"]],
  ] as const) {
    const made = await askServer(data, { operation: "alias add", input: { address, targets } });
    assert.ok(made !== null && "done" in made, JSON.stringify(made));
  }
  const message = { subject: "x", text: "x", dsn: { id: "Q", return: "headers", notify: "success,failure" } };
  await send("s@far.test", ["group@mx.example.test"], message as SendMailOptions);
  await finished("ok@r.test", "delivered");
  await finished("gone@r.test", "failed");
  await send("s@far.test", ["forward@mx.example.test"], message as SendMailOptions);
  await finished("ok2@r.test", "delivered");
  await send("s@far.test", ["here@mx.example.test"], message as SendMailOptions);
  await finishedTimes("s@far.test", 4);
  const told = hop.taken
    .filter(({ to: [only] }) => only === "s@far.test")
    .map(
      ({ content }) =>
        /^Final-Recipient: rfc822; (.*)\r\nAction: (.*)\r$/m.exec(content)?.slice(1).join(" ") ?? content,
    )
    .sort();
  assert.deepEqual(told, [
    "gone@r.test failed",
    "group@mx.example.test expanded",
    "here@mx.example.test delivered",
    "ok2@r.test relayed",
  ]);
  assert.equal(reports(), 4);
});

test("O-35: no report about a report, whoever refuses it and where", async (t) => {
  const { hop, send, finished, reports } = await scene(t, {
    server: {
      onMailFrom: ({ address }, _session, done) =>
        address === "" ? done(Object.assign(new Error("who are you?"), { responseCode: 501 })) : done(),
    },
  });
  // The recipient refused, the null reverse-path refused, and our own report refused on its way back.
  await send("", ["gone@r.test"], { subject: "x", text: "x" });
  await finished("gone@r.test", "failed");
  await send("", ["ok@r.test"], { subject: "x", text: "x" });
  await finished("ok@r.test", "failed");
  assert.equal(reports(), 0);
  await send("s@far.test", ["gone@r.test"], { subject: "x", text: "x" });
  await finished("s@far.test", "failed");
  assert.equal(reports(), 1);
  assert.equal(hop.taken.length, 0);
  // An automatic answer to nobody here is refused at RCPT: no report of ours at all.
  const answer = { subject: "x", text: "x", headers: { "Auto-Submitted": "auto-replied" } };
  await assert.rejects(send("MAILER-DAEMON@r.test", ["nobody@mx.example.test"], answer), { responseCode: 550 });
  assert.equal(reports(), 1);
});

test("O-21: a next hop without 8BITMIME gets the same message in 7 bit; what is signed comes back", async (t) => {
  const { hop, send, finished } = await scene(t, { server: { hide8BITMIME: true } });
  const text =
    "Subject: t\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\n";
  await send("s@far.test", ["ok@r.test"], raw(text));
  await finished("ok@r.test", "delivered");
  const [taken] = hop.taken;
  assert.ok(isAscii(Buffer.from(taken?.content ?? "", "latin1")));
  assert.equal((await simpleParser(taken?.content ?? "")).text, "Grüße\n");
  await send(
    "s@far.test",
    ["ok@r.test"],
    raw(`MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\n${text}\n--b--\n`),
  );
  await finished("s@far.test", "delivered");
  const report = hop.taken.at(-1)?.content ?? "";
  assert.match(report, /Status: 5\.6\.3\r\n/);
  assert.match(report, /cannot be\r\n\s*converted: a part of it is signed/);
});

test("a next hop without SMTPUTF8: only who needs it fails (5.6.7), and hears so in a form that any host takes", async (t) => {
  const { hop, send, finished } = await scene(t, { server: { hideSMTPUTF8: true, hide8BITMIME: true } });
  await send("s@far.test", ["jörg@r.test", "ok@r.test"], { subject: "x", text: "x" });
  await finished("ok@r.test", "delivered");
  await finished("jörg@r.test", "failed");
  await finished("s@far.test", "delivered");
  const report = await simpleParser(hop.taken.at(-1)?.content ?? "");
  assert.ok(isAscii(Buffer.from(hop.taken.at(-1)?.content ?? "", "latin1")));
  const status = report.attachments.find(({ contentType }) => contentType === "message/global-delivery-status");
  assert.match(
    status?.content.toString() ?? "",
    /Final-Recipient: utf-8; jörg@r\.test\r\nAction: failed\r\nStatus: 5\.6\.7\r\n/,
  );
});
