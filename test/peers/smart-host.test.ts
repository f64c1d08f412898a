import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { askServer } from "../../src/admin/socket-client.ts";
import { LineClient } from "../../testing/line-client.ts";
import { type MailServer, startExim } from "../../testing/mail-servers.ts";
import { peerTest } from "../../testing/peers.ts";
import { startedServer } from "../../testing/world.ts";

/** Takes mail from who logged in only, and shows the login over TLS only. */
const loggedInOnly = {
  main: "acl_smtp_mail = logged_in",
  acl: "logged_in:\n  accept authenticated = *\n  deny message = log in first\n",
};

const check = (name: string, word: string) => `
  server_condition = \${if and {{eq{${name}}{us}}{eq{${word}}{open sesame}}}}
  server_set_id = ${name}
  server_advertise_condition = \${if def:tls_in_cipher}
`;

const mechanisms = {
  PLAIN: `plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_prompts = :${check("$auth2", "$auth3")}`,
  LOGIN: `login:\n  driver = plaintext\n  public_name = LOGIN\n  server_prompts = Username:: : Password::${check("$auth1", "$auth2")}`,
} as const;

const policyVia = ({ host, port }: MailServer, fingerprint: string) => `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: ${host}, port: ${port}, account: us, fingerprint: "${fingerprint}" }
relay: { addresses: [ { id: loopback, match: 127.0.0.1 } ] }
`;

async function send(port: number, to: string): Promise<void> {
  const client = await LineClient.dial(port);
  const lines = ["EHLO client.test", "MAIL FROM:<s@far.test>", `RCPT TO:<${to}>`, "DATA"];
  assert.match((await client.sayAll(lines)).join("\n"), /\n354 /);
  assert.match(await client.say("Subject: to a smart host\r\n\r\nhello\r\n."), /^250 /);
  client.end();
}

for (const mechanism of ["PLAIN", "LOGIN"] as const) {
  peerTest(`we log in at a smart host, an Exim, by ${mechanism} after STARTTLS`, ["exim"], async (t) => {
    const host = await startExim(t, { ...loggedInOnly, authenticators: mechanisms[mechanism] });
    const { fingerprint256 } = new X509Certificate(host.certificate);
    const { portOf, data, seen } = await startedServer(t, policyVia(host, fingerprint256));
    await askServer(data, { operation: "smart-host password", input: { account: "us", password: "open sesame" } });
    await send(portOf("relay"), "alice@r.test");
    assert.match((await host.delivered("alice")).toString("latin1"), /^Subject: to a smart host\r\n\r\nhello\r\n$/m);
    await host.says(new RegExp(`<= s@far\\.test .*P=esmtpsa .* A=${mechanism.toLowerCase()}:us`));
    await seen((event) => event.name === "recipient-finished" && event.outcome === "delivered");
  });
}

peerTest("a wrong password at a smart host, or another's certificate, makes mail wait", ["exim"], async (t) => {
  const host = await startExim(t, { ...loggedInOnly, authenticators: mechanisms.PLAIN });
  const { fingerprint256 } = new X509Certificate(host.certificate);
  const { server, portOf, data, events, seen } = await startedServer(t, policyVia(host, fingerprint256));
  await askServer(data, { operation: "smart-host password", input: { account: "us", password: "open barley" } });
  await send(portOf("relay"), "alice@r.test");
  await seen((event) => event.name === "recipient-deferred" && event.said.startsWith("535 "));
  await host.says(/plain authenticator failed for .* 535 /);
  const another = policyVia(host, fingerprint256.replace(/^../, fingerprint256.startsWith("00") ? "01" : "00"));
  assert.deepEqual(await server.applyPolicy({ document: another, who: "test", why: "another certificate" }), []);
  await send(portOf("relay"), "bob@r.test");
  await seen(
    (event) =>
      event.name === "recipient-deferred" && event.forwardPath === "bob@r.test" && /certificate/.test(event.said),
  );
  assert.equal(events.filter(({ name }) => name === "recipient-finished").length, 0);
});
