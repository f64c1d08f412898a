import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ImapFlow } from "imapflow";
import { gatepost, served } from "../../testing/command-line.ts";
import { freeEndpoint, peerTest, startPeer } from "../../testing/peers.ts";
import { selfSigned } from "../../src/tls/self-signed.ts";

const mailOwner = 64_907;

const configOf = (folder: string, port: number) => `
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = </etc/dovecot/tls.pem
ssl_key = </etc/dovecot/tls.key
auth_mechanisms = plain
mail_uid = ${mailOwner}
mail_gid = ${mailOwner}
first_valid_uid = 1
mail_location = maildir:${folder}/mail/%n
passdb {
  driver = static
  args = password=there
}
userdb {
  driver = static
  args = home=${folder}/mail/%n
}
namespace inbox {
  inbox = yes
  separator = .
}
service imap-login {
  chroot =
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = ${port}
    ssl = yes
  }
}
service anvil {
  chroot =
}
`;

/** Dovecot with implicit TLS for "localhost". */
async function startDovecot(t: TestContext) {
  const { port } = await freeEndpoint();
  const { certificate, key } = await selfSigned("localhost", Date.now());
  await startPeer(t, {
    family: "dovecot",
    command: () => ["/usr/sbin/dovecot", "-F", "-c", "/etc/dovecot/dovecot.conf"],
    listens: { host: "127.0.0.1", port },
    folders: { mail: mailOwner, run: 0 },
    etc: (folder) => ({
      "dovecot/dovecot.conf": configOf(folder, port),
      "dovecot/tls.pem": certificate,
      "dovecot/tls.key": key,
    }),
  });
  return { port, certificate };
}

type Server = { readonly port: number; readonly ca: string; readonly login: string; readonly password: string };

async function opened(t: TestContext, { port, ca, login, password }: Server): Promise<ImapFlow> {
  const client = new ImapFlow({
    ...{ host: "localhost", port, secure: true, tls: { ca }, logger: false, disableAutoIdle: true },
    auth: { user: login, pass: password },
  });
  await client.connect();
  t.after(() => client.close());
  return client;
}

/** Mailbox, subject, flags, date and text of all there is. */
async function everythingAt(client: ImapFlow): Promise<string[]> {
  const found: string[] = [];
  for (const { path, flags: attributes } of await client.list()) {
    if (attributes.has("\\NonExistent") || attributes.has("\\Noselect")) continue;
    const name = path.replaceAll(".", "/");
    await client.mailboxOpen(path, { readOnly: true });
    for await (const { flags = new Set<string>(), internalDate, source } of client.fetch("1:*", {
      ...{ flags: true, internalDate: true, source: true },
    })) {
      const kept = [...flags].filter((flag) => flag !== "\\Recent").toSorted();
      const date = internalDate === undefined ? "" : new Date(internalDate).toISOString();
      found.push([name, kept.join(" "), date, source?.toString() ?? ""].join("|"));
    }
  }
  return found.toSorted();
}

const letter = (subject: string) => `From: a@far.test\r\nSubject: ${subject}\r\n\r\nThe text of ${subject}.\r\n`;

async function fill(client: ImapFlow, separator: string): Promise<void> {
  const below = `Projekte${separator}Köln`;
  await client.mailboxCreate(below);
  await client.append("INBOX", letter("one"), ["\\Seen", "\\Flagged"], new Date("2019-02-03T04:05:06Z"));
  await client.append("INBOX", letter("two"), ["work"], new Date("2020-02-03T04:05:06Z"));
  await client.append(below, letter("three"), ["\\Answered"], new Date("2021-02-03T04:05:06Z"));
}

/** A server of ours as a process, whose certificate is for "localhost", with the account alice. */
async function startOurs(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-import-"));
  t.after(() => rm(folder, { recursive: true }));
  const { port: imaps } = await freeEndpoint();
  const { certificate, key } = await selfSigned("localhost", Date.now());
  const listener = (kind: string, more: string) =>
    `[[listener]]\nname = "${kind}"\nkind = "${kind}"\naddress = "127.0.0.1"\n${more}\n`;
  await writeFile(
    join(folder, "gatepost.toml"),
    `hostname = "mx.example.test"\n${listener("relay", "port = 0")}${listener("imap", `port = ${imaps}\ntls = "implicit"`)}
[tls]\ncertificate = "tls.pem"\nkey = "tls.key"\n`,
  );
  await writeFile(join(folder, "tls.pem"), certificate);
  await writeFile(join(folder, "tls.key"), key);
  await served(t, folder);
  const made = await gatepost(folder, "account", "add", "alice@mx.example.test", "--json");
  assert.equal(made.code, 0, made.err);
  const { password } = JSON.parse(made.out) as { readonly password: string };
  return { folder, server: { port: imaps, ca: certificate, login: "alice", password } };
}

/** Imports by command from a server into ours, and says what came. */
async function imported(folder: string, { port, ca, login, password }: Server, more: readonly string[] = []) {
  await writeFile(join(folder, "ca.pem"), ca);
  await writeFile(join(folder, "there"), `${password}\n`);
  const ran = await gatepost(
    folder,
    ...["mailbox", "import", "alice@mx.example.test", `imaps://${login}@localhost:${port}`],
    ...["--ca", "ca.pem", "--password-file", "there", "--json", ...more],
  );
  assert.equal(ran.code, 0, ran.err);
  const { messages, known, problems } = JSON.parse(ran.out) as Readonly<Record<string, unknown>>;
  return { messages, known, problems };
}

peerTest("mail is taken over from Dovecot, with flags and dates, and only once", ["dovecot"], async (t) => {
  const dovecot = await startDovecot(t);
  const there = { port: dovecot.port, ca: dovecot.certificate, login: "bob", password: "there" };
  const client = await opened(t, there);
  await fill(client, ".");
  const { folder, server } = await startOurs(t);
  assert.deepEqual(await imported(folder, there), { messages: 3, known: 0, problems: [] });
  const here = await opened(t, server);
  const before = await everythingAt(client);
  assert.equal(before.length, 3);
  assert.deepEqual(await everythingAt(here), before);

  await client.append("INBOX", letter("four"));
  assert.deepEqual(await imported(folder, there), { messages: 1, known: 3, problems: [] });
  assert.deepEqual(await everythingAt(here), await everythingAt(client));
  assert.deepEqual(await imported(folder, there), { messages: 0, known: 4, problems: [] });
});

test("mail is taken over from a server of our own", async (t) => {
  const [from, to] = [await startOurs(t), await startOurs(t)];
  const client = await opened(t, from.server);
  await fill(client, "/");
  assert.deepEqual(await imported(to.folder, from.server, ["--below", "old"]), { messages: 3, known: 0, problems: [] });
  const moved = (await everythingAt(client)).map((one) => `old/${one}`);
  assert.deepEqual(await everythingAt(await opened(t, to.server)), moved);
});
