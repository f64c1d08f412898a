import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { createTransport } from "nodemailer";
import { independentHop } from "../../testing/independent-hop.ts";
import { startedServer } from "../../testing/world.ts";

function policyVia(port: number, more = ""): string {
  return `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: 127.0.0.1, port: ${port}${more} }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;
}

const clientOf = (t: TestContext, port: number) => {
  const transport = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  t.after(() => transport.close());
  return transport;
};

test("each recipient has a fate of its own (O-34): delivered, failed with a report, waiting", async (t) => {
  const hop = await independentHop(t);
  const { portOf, seen, events, server } = await startedServer(t, policyVia(hop.port));
  const from = server.firstAccount?.address ?? assert.fail();
  const to = ["ok@r.test", "gone@r.test", "later@r.test"];
  await clientOf(t, portOf("relay")).sendMail({ envelope: { from, to }, subject: "dots", text: ".one\r\n..two\r\n" });
  await seen(
    (event) =>
      event.name === "recipient-finished" && event.forwardPath === "ok@r.test" && event.outcome === "delivered",
  );
  await seen(
    (event) => event.name === "recipient-finished" && event.forwardPath === "gone@r.test" && event.outcome === "failed",
  );
  await seen((event) => event.name === "recipient-deferred" && event.forwardPath === "later@r.test");
  assert.deepEqual(
    hop.taken.map(({ from: sender, to: recipients }) => [sender, recipients]),
    [[from, ["ok@r.test"]]],
  );
  assert.match(hop.taken[0]?.content ?? "", /\r\n\.one\r\n\.\.two\r\n/);
  // The report went straight into the mailbox of the sender, who is an account here: nothing more was sent anywhere.
  assert.equal(events.filter(({ name }) => name === "trouble").length, 0);
});

test("a report about a stranger's mail goes out with the null reverse-path; none goes about a report (O-35)", async (t) => {
  const hop = await independentHop(t);
  const { portOf, seen } = await startedServer(t, policyVia(hop.port));
  const client = clientOf(t, portOf("relay"));
  await client.sendMail({ envelope: { from: "s@far.test", to: ["gone@r.test"] }, subject: "x", text: "x" });
  await seen((event) => event.name === "recipient-finished" && event.forwardPath === "s@far.test");
  const report = hop.taken[0] ?? assert.fail();
  assert.deepEqual([report.from, report.to], ["", ["s@far.test"]]);
  assert.match(report.content, /Content-Type: multipart\/report; report-type=delivery-status/);
  assert.match(report.content, /Final-Recipient: rfc822; gone@r\.test\r\nAction: failed\r\nStatus: 5\.\d\.\d/);
  await client.sendMail({ envelope: { from: "", to: ["gone@r.test"] }, subject: "a report", text: "x" });
  await seen(
    (event) => event.name === "recipient-finished" && event.outcome === "failed" && event.forwardPath === "gone@r.test",
  );
  assert.equal(hop.taken.length, 1);
});

test("a password goes to a smart host only over verified TLS", async (t) => {
  const hop = await independentHop(t, { login: true });
  const { portOf, seen } = await startedServer(t, policyVia(hop.port, ", account: us"));
  await clientOf(t, portOf("relay")).sendMail({
    envelope: { from: "a@b.test", to: ["ok@r.test"] },
    subject: "x",
    text: "x",
  });
  await seen((event) => event.name === "recipient-deferred" && /no password is kept|not trusted/.test(event.said));
  assert.equal(hop.taken.length, 0);
});

test("a next hop that is down defers, says so, and is not dialled for each", async (t) => {
  const { portOf, seen } = await startedServer(t, policyVia(1));
  await clientOf(t, portOf("relay")).sendMail({
    envelope: { from: "a@b.test", to: ["ok@r.test"] },
    subject: "x",
    text: "x",
  });
  await seen((event) => event.name === "recipient-deferred" && /ECONNREFUSED/.test(event.said));
});

test("recipients behind a gateway are verified there: taken, refused, deferred when it is down", async (t) => {
  const hop = await independentHop(t);
  const { portOf, seen } = await startedServer(
    t,
    `
routing:
  - { sent-to: "#gate.example", route: gateway, host: 127.0.0.1, port: ${hop.port} }
  - { sent-to: "#mx.example.test", route: inbound, unknown-to: 127.0.0.1, port: ${hop.port} }
  - { sent-to: "#dead.example", route: gateway, host: 127.0.0.1, port: 1 }
`,
  );
  const client = clientOf(t, portOf("relay"));
  const send = (to: string) => client.sendMail({ envelope: { from: "a@b.test", to: [to] }, subject: "x", text: "x" });
  await assert.rejects(send("gone@gate.example"), { responseCode: 550 });
  await assert.rejects(send("later@gate.example"), { responseCode: 451 });
  await assert.rejects(send("ok@dead.example"), { responseCode: 451 });
  await assert.rejects(send("gone@mx.example.test"), { responseCode: 550 });
  // The host takes everything: that lets no form through that it would unpack and send on (relay-policy §2.3).
  for (const to of ["ok%r.test@gate.example", "ok%r.test@mx.example.test"]) {
    await assert.rejects(send(to), { responseCode: 550, message: /5\.1\.3/ });
  }
  for (const to of ["ok@gate.example", "elsewhere@mx.example.test"]) {
    await send(to);
    await seen(
      (event) => event.name === "recipient-finished" && event.forwardPath === to && event.outcome === "delivered",
    );
  }
  assert.deepEqual(
    new Set(hop.taken.map(({ to }) => to[0])),
    new Set(["ok@gate.example", "elsewhere@mx.example.test"]),
  );
});
