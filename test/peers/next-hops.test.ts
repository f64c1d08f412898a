import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { peerIds } from "../../testing/packages.ts";
import { type Endpoint, freeEndpoint, peerTest, startPeer } from "../../testing/peers.ts";
import { LineClient } from "../../testing/line-client.ts";
import { startExim, startPostfix } from "../../testing/mail-servers.ts";
import { startMoodyHop } from "../../testing/moody-hop.ts";
import { startedServer } from "../../testing/world.ts";

const policyVia = ({ host, port }: Endpoint, tls: string) => `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: ${host}, port: ${port}, tls: "${tls}" }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;

type Letter = { readonly mail: string; readonly rcpts: readonly string[]; readonly content: Buffer };

/** Says it as a client does. */
async function send(port: number, { mail, rcpts, content }: Letter): Promise<void> {
  const client = await LineClient.dial(port);
  await client.say("EHLO client.test");
  for (const line of [mail, ...rcpts]) assert.match(await client.say(Buffer.from(line).toString("latin1")), /^250 /);
  assert.match(await client.say("DATA"), /^354 /);
  assert.match(await client.say(`${content.toString("latin1").replaceAll(/^\./gm, "..")}.`), /^250 /);
  client.end();
}

const header = Buffer.from("Date: Wed, 25 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@b.test>\r\nFrom: a@b.test\r\n");

/** Everything that a line can be: 8-bit octets that are no UTF-8, dots, long ones, blanks at its end, nothing. */
const hardContent = Buffer.concat([
  header,
  Buffer.from("Subject: all kinds of lines\r\n\r\n"),
  Buffer.from(Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => ![0, 10, 13].includes(octet))),
  Buffer.from(`\r\n.\r\n..\r\n.one\r\n \t \r\n${"x".repeat(997)}\r\n${"y".repeat(1_900)}\r\n\r\n\r\n.\r\n`),
]);
const plainContent = Buffer.concat([header, Buffer.from("Subject: plain\r\n\r\n.\r\n..\r\nend\r\n")]);
const internationalContent = Buffer.concat([header, Buffer.from("Subject: Grüße\r\n\r\nschön\r\n")]);

const assertEndsWith = (arrived: Buffer, content: Buffer) =>
  assert.equal(arrived.subarray(-content.length).toString("latin1"), content.toString("latin1"));

peerTest("Postfix takes every octet from us, over TLS", ["postfix"], async (t) => {
  // Reports about what Postfix delivered go to far.test.
  const far = await startMoodyHop(t);
  const hop = await startPostfix(t, { main: `transport_maps = inline:{far.test=smtp:[${far.host}]:${far.port}}` });
  const { portOf, seen } = await startedServer(t, policyVia(hop, "require"));

  await t.test("for several recipients, one of whom it does not know", async () => {
    const rcpts = ["alice", "bob", "nobody"].map((user) => `RCPT TO:<${user}@r.test>`);
    const mail = "MAIL FROM:<admin@mx.example.test> BODY=8BITMIME";
    await send(portOf("relay"), { mail, rcpts, content: hardContent });
    for (const user of ["alice", "bob"]) {
      const arrived = await hop.delivered(user);
      assertEndsWith(arrived, hardContent);
      assert.match(arrived.toString("latin1"), /by next\.r\.test \(Postfix\) with ESMTPS id/);
    }
    await seen(
      (event) =>
        event.name === "recipient-finished" && event.outcome === "failed" && event.forwardPath === "nobody@r.test",
    );
  });

  await t.test("for an internationalised address", async () => {
    const mail = "MAIL FROM:<jürgen@bücher.test> BODY=8BITMIME SMTPUTF8";
    await send(portOf("relay"), { mail, rcpts: ["RCPT TO:<jörg@r.test>"], content: internationalContent });
    assertEndsWith(await hop.delivered("jörg"), internationalContent);
  });

  await t.test("with what is asked about reports, which it obeys", async () => {
    const mail = "MAIL FROM:<s@far.test> RET=HDRS ENVID=QQ+2B314159";
    const rcpts = ["RCPT TO:<carol@r.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;caroline@old.test"];
    await send(portOf("relay"), { mail, rcpts, content: hardContent });
    await hop.delivered("carol");
    const report = await far.took(({ rcpts: [first] }) => first?.startsWith("RCPT TO:<s@far.test>") === true);
    assert.match(report.mail, /^MAIL FROM:<>/);
    assert.match(report.content, /^Original-Envelope-Id: QQ\+314159\r$/m);
    assert.match(report.content, /^Original-Recipient: rfc822;caroline@old\.test\r$/m);
    assert.match(report.content, /^Action: delivered\r$/m);
    assert.match(report.content, /^Content-Type: text\/rfc822-headers/m);
  });
});

peerTest("Exim takes every octet from us, over TLS", ["exim"], async (t) => {
  const hop = await startExim(t);
  const { portOf, seen } = await startedServer(t, policyVia(hop, "require"));

  await t.test("for several recipients, one of whom it does not know", async () => {
    const rcpts = ["alice", "bob", "nobody"].map((user) => `RCPT TO:<${user}@r.test>`);
    const mail = "MAIL FROM:<admin@mx.example.test> BODY=8BITMIME";
    await send(portOf("relay"), { mail, rcpts, content: hardContent });
    for (const user of ["alice", "bob"]) assertEndsWith(await hop.delivered(user), hardContent);
    await seen(
      (event) =>
        event.name === "recipient-finished" && event.outcome === "failed" && event.forwardPath === "nobody@r.test",
    );
    assert.match(hop.said(), /P=esmtps X=TLS1\.3.* for alice@r\.test bob@r\.test$/m);
  });

  await t.test("for an internationalised address", async () => {
    const mail = "MAIL FROM:<jürgen@bücher.test> BODY=8BITMIME SMTPUTF8";
    await send(portOf("relay"), { mail, rcpts: ["RCPT TO:<jörg@r.test>"], content: internationalContent });
    assertEndsWith(await hop.delivered("jörg"), internationalContent);
  });
});

peerTest("smtp-sink takes every octet from us, by ESMTP and by SMTP", ["postfix"], async (t) => {
  for (const [protocol, options] of [
    ["ESMTP", []],
    ["SMTP", ["-e"]],
  ] as const) {
    const listens = await freeEndpoint();
    const sink = await startPeer(t, {
      family: "postfix",
      command: (folder) => [
        ...["smtp-sink", ...options, "-u", "postfix", "-R", `${folder}/dump`, "-d", "%M."],
        ...[`${listens.host}:${listens.port}`, "10"],
      ],
      listens,
      folders: { dump: peerIds.postfix },
    });
    const { portOf, seen } = await startedServer(t, policyVia(listens, "off"));
    const letter = { mail: "MAIL FROM:<s@far.test>", rcpts: ["RCPT TO:<a@r.test>", "RCPT TO:<b@r.test>"] };
    await send(portOf("relay"), { ...letter, content: plainContent });
    await seen((event) => event.name === "recipient-finished" && event.outcome === "delivered");
    const [name = "", ...others] = await readdir(join(sink.folder, "dump"));
    assert.deepEqual(others, []);
    const [envelope = "", content = ""] = (await readFile(join(sink.folder, "dump", name), "latin1")).split(
      /^(?=Date: )/m,
    );
    const said = ["Client-Proto", "Helo-Args", "Mail-Args", "Rcpt-Args"].map((of) =>
      [...envelope.matchAll(new RegExp(`^X-${of}: (.*)$`, "gm"))].map(([, value]) => value),
    );
    assert.deepEqual(said, [[protocol], ["mx.example.test"], ["<s@far.test>"], ["<a@r.test>", "<b@r.test>"]]);
    // It keeps lines without CR, and adds an empty one.
    assert.equal(content.replaceAll("\n", "\r\n"), `${plainContent.toString("latin1")}\r\n`);
  }
});
