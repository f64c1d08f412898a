import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { startedServer } from "../../testing/world.ts";

/** Sends everything at once, half-closes, and reads to the end: the cruellest pipelining. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let heard = "";
    socket.on("data", (chunk) => (heard += chunk.toString("latin1")));
    socket.on("end", () => resolve(heard));
    socket.on("error", reject);
    socket.end(text, "latin1");
  });
}

const codesOf = (heard: string) => [...heard.matchAll(/^(\d{3}) /gm)].map(([, code]) => code);

test("a stranger may write to us, not through us, and every refusal has a REF", async (t) => {
  const { events, portOf } = await startedServer(t);
  const heard = await talk(
    portOf("relay"),
    "EHLO client.other.test\r\nMAIL FROM:<bob@other.test>\r\nRCPT TO:<carol@third.test>\r\nRCPT TO:<nobody@mx.example.test>\r\nRCPT TO:<ADMIN@MX.Example.test>\r\nRCPT TO:<postmaster>\r\nDATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n",
  );
  assert.deepEqual(codesOf(heard), ["220", "250", "250", "550", "550", "250", "250", "354", "250", "221"]);
  assert.match(heard, /550 5\.7\.1 Relaying is prohibited \([0-9A-Z]+\)/);
  assert.match(heard, /550 5\.1\.1 /);
  const finished = events.filter(({ name }) => name === "recipient-finished");
  assert.equal(finished.length, 2);
  const refused = events.filter((event) => event.name === "recipient-refused");
  assert.deepEqual(
    refused.map(({ rule }) => rule),
    ["relay-denied", "unknown-mailbox"],
  );
});

test("no smuggling variant is split or kept (O-09)", async (t) => {
  const { events, portOf } = await startedServer(t);
  for (const end of ["\n.\r\n", "\n.\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\n.\r\n"]) {
    const heard = await talk(
      portOf("relay"),
      `EHLO a.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<admin@mx.example.test>\r\nDATA\r\nSubject: t\r\n\r\none${end}MAIL FROM:<ceo@mx.example.test>\r\nRCPT TO:<admin@mx.example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\ntwo\r\n.\r\nQUIT\r\n`,
    );
    assert.deepEqual(codesOf(heard), ["220", "250", "250", "250", "354", "550", "221"], JSON.stringify(end));
  }
  assert.equal(events.filter(({ name }) => name === "message-accepted").length, 0);
});

test("an account logs in over TLS and may send as itself only", async (t) => {
  const { server, portOf } = await startedServer(t);
  const account = server.firstAccount ?? assert.fail("no first account");
  const transport = createTransport({
    host: "127.0.0.1",
    port: portOf("submission"),
    requireTLS: true,
    tls: { rejectUnauthorized: false },
    auth: { user: account.address, pass: account.password },
  });
  t.after(() => transport.close());
  const sent = await transport.sendMail({
    from: account.address,
    to: account.address,
    subject: "Grüße",
    text: "hello",
  });
  assert.match(sent.response, /^250 2\.0\.0 Accepted as /);
  const forged = {
    from: `Boss <boss@mx.example.test>`,
    sender: account.address,
    to: account.address,
    subject: "x",
    text: "x",
  };
  await assert.rejects(transport.sendMail({ ...forged, envelope: { from: account.address, to: account.address } }), {
    responseCode: 550,
  });
  const noTls = createTransport({ host: "127.0.0.1", port: portOf("submission"), ignoreTLS: true });
  await assert.rejects(noTls.sendMail({ from: account.address, to: account.address, text: "x" }), {
    responseCode: 530,
  });
});
