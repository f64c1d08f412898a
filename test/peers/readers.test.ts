import assert from "node:assert/strict";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { good, maildirOf, openReaderScene, password } from "../../testing/reader-scene.ts";
import { peerTest } from "../../testing/peers.ts";

/** The file of a Maildir with this subject. */
async function fileWith(root: string, subject: string): Promise<string> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path, "utf8")).includes(`Subject: ${subject}\r\n`)) return path;
    if (entry.isFile() && (await readFile(path, "utf8")).includes(`Subject: ${subject}\n`)) return path;
  }
  return assert.fail(`no ${subject} below ${root}`);
}

/** Gives a message in a Maildir other flags. */
async function reflag(path: string, flags: string): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/:2,.*$/, "");
  await rename(path, join(dirname(path), "..", "cur", `${name}:2,${flags}`));
}

peerTest("mbsync keeps a Maildir and the server alike, both ways, over TLS", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const referee = await scene.referee("alice");
  await referee.client.mailboxCreate("Projekte/Köln");
  await referee.put("INBOX", "one", ["\\Seen"]);
  await referee.put("INBOX", "two");
  await referee.put("Projekte/Köln", "three");
  const root = join(scene.home, "mail");
  const trusted = await scene.write("trusted.pem", (await scene.certificate()).toString());
  const config = await scene.write(
    "mbsyncrc",
    `IMAPAccount a
Host localhost
Port ${scene.portOf("imaps")}
User alice
Pass "${password}"
SSLType IMAPS
CertificateFile ${trusted}
AuthMechs LOGIN

IMAPStore far
Account a

MaildirStore near
Path ${root}/
Inbox ${root}/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
`,
  );
  await scene.write("mail/.keep", "");
  const sync = () => good(scene.run("mbsync", "-c", config, "-q", "c"));
  await sync();
  assert.deepEqual(await maildirOf(root), { INBOX: ["one:S", "two:"], "Projekte/K&APY-ln": ["three:"] });

  const mine = "From: alice@mx.example.test\nSubject: mine\nMessage-ID: <mine@x.test>\n\nWritten at home.\n";
  await scene.write("mail/INBOX/new/1.mine.home", mine);
  await reflag(await fileWith(join(root, "INBOX"), "two"), "FS");
  await rm(await fileWith(join(root, "INBOX"), "one"));
  await sync();
  assert.deepEqual(await referee.seesIn("INBOX"), ["two \\Flagged \\Seen", "mine"]);
  assert.match(await referee.textOf("INBOX", "mine"), /\r\n\r\nWritten at home\.\r\n$/);

  await referee.flag("INBOX", "two", ["\\Answered"]);
  await referee.remove("INBOX", "mine");
  await referee.put("Projekte/Köln", "four", ["\\Draft"]);
  await sync();
  const then = { INBOX: ["two:FRS"], "Projekte/K&APY-ln": ["four:D", "three:"] };
  assert.deepEqual(await maildirOf(root), then);

  const changes = () => referee.client.status("INBOX", { highestModseq: true, uidNext: true });
  const before = await changes();
  await sync();
  assert.deepEqual(await changes(), before);
  assert.deepEqual(await maildirOf(root), then);
});

peerTest("offlineimap fetches over TLS and brings flags back", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const referee = await scene.referee("alice");
  await referee.client.mailboxCreate("Entwürfe");
  await referee.put("INBOX", "one", ["\\Flagged"]);
  await referee.put("Entwürfe", "two");
  const root = join(scene.home, "mail");
  const config = await scene.write(
    "offlineimaprc",
    `[general]
accounts = a
ui = quiet
metadata = ${scene.home}/state
[Account a]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = ${root}
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = ${scene.portOf("imaps")}
remoteuser = alice
remotepass = ${password}
ssl = yes
cert_fingerprint = ${(await scene.certificate()).fingerprint256.replaceAll(":", "").toLowerCase()}
`,
  );
  const sync = () => good(scene.run("offlineimap", "-c", config, "-o"));
  await sync();
  assert.deepEqual(await maildirOf(root), { INBOX: ["one:F"], "Entw&APw-rfe": ["two:"] });
  await reflag(await fileWith(join(root, "INBOX"), "one"), "FRS");
  await sync();
  assert.deepEqual(await referee.seesIn("INBOX"), ["one \\Answered \\Flagged \\Seen"]);
});

peerTest("curl lists, searches, fetches and appends; POP3 as well", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const referee = await scene.referee("alice");
  await referee.put("INBOX", "one");
  await referee.put("INBOX", "two");
  const at = (scheme: string, listener: string, path: string) =>
    `${scheme}://127.0.0.1:${scene.portOf(listener)}/${path}`;
  const curl = (url: string, ...options: string[]) =>
    good(scene.run("curl", "--silent", "--show-error", "--insecure", "--user", `alice:${password}`, ...options, url));
  for (const [scheme, listener, options] of [
    ["imap", "imap", []],
    ["imap", "imap", ["--ssl-reqd"]],
    ["imaps", "imaps", []],
  ] as const) {
    assert.match(await curl(at(scheme, listener, ""), ...options), /^\* LIST \(.*\) "\/" INBOX\r$/m);
    assert.match(await curl(at(scheme, listener, "INBOX?SUBJECT%20two"), ...options), /^\* SEARCH 2\r$/m);
    assert.match(
      await curl(at(scheme, listener, "INBOX;MAILINDEX=2"), ...options),
      /^Subject: two\r$[^]*The text of /m,
    );
  }
  const letter = await scene.write("letter", "Subject: by curl\r\n\r\n.\r\nend\r\n");
  await curl(at("imaps", "imaps", "INBOX"), "--upload-file", letter);
  assert.match(await referee.textOf("INBOX", "by curl"), /\r\n\r\n\.\r\nend\r\n$/);
  for (const [scheme, listener, options] of [
    ["pop3", "pop3", []],
    ["pop3", "pop3", ["--ssl-reqd"]],
    ["pop3s", "pop3s", []],
  ] as const) {
    assert.match(await curl(at(scheme, listener, ""), ...options), /^1 \d+\r\n2 \d+\r\n3 \d+\r\n$/);
    assert.match(await curl(at(scheme, listener, "3"), ...options), /\r\n\r\n\.\r\nend\r\n$/);
  }
  assert.deepEqual((await referee.seesIn("INBOX")).length, 3);
});

peerTest("fetchmail takes mail from one account and brings it to another", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const [alice, bob] = [await scene.referee("alice"), await scene.referee("bob")];
  const expected: string[] = [];
  for (const [protocol, listener, tls] of [
    ["pop3", "pop3", "sslproto ''"],
    ["pop3", "pop3", "sslproto TLS1.2+ no sslcertck"],
    ["pop3", "pop3s", "ssl no sslcertck"],
    ["imap", "imap", "sslproto ''"],
    ["imap", "imap", "sslproto TLS1.2+ no sslcertck"],
    ["imap", "imaps", "ssl no sslcertck"],
  ] as const) {
    const subject = `${listener} ${expected.length}`;
    await alice.put("INBOX", subject);
    expected.push(subject);
    const config = await scene.write(
      "fetchmailrc",
      `poll 127.0.0.1 protocol ${protocol} port ${scene.portOf(listener)} auth password user "alice" password "${password}" ${tls} fetchall no keep smtphost 127.0.0.1/${scene.portOf("relay")} smtpname bob@${scene.domain}\n`,
    );
    await good(scene.run("fetchmail", "-f", config, "--nosyslog", "-v"));
    assert.deepEqual(await alice.seesIn("INBOX"), []);
  }
  assert.deepEqual(await bob.seesIn("INBOX"), expected);
});

peerTest("getmail takes each message once, and has msmtp send it on", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const [alice, bob] = [await scene.referee("alice"), await scene.referee("bob")];
  await alice.put("INBOX", "one");
  for (const [retriever, listener] of [
    ["SimplePOP3Retriever", "pop3"],
    ["SimplePOP3SSLRetriever", "pop3s"],
    ["SimpleIMAPRetriever", "imap"],
    ["SimpleIMAPSSLRetriever", "imaps"],
  ] as const) {
    const config = await scene.write(
      `getmailrc-${listener}`,
      `[retriever]
type = ${retriever}
server = 127.0.0.1
port = ${scene.portOf(listener)}
username = alice
password = ${password}
[destination]
type = MDA_external
path = /usr/bin/msmtp
arguments = ("--host=127.0.0.1", "--port=${scene.portOf("relay")}", "--from=a@far.test", "bob@${scene.domain}")
allow_root_commands = true
[options]
read_all = false
delete = false
`,
    );
    const fetched = () => good(scene.run("getmail", `--getmaildir=${scene.home}`, `--rcfile=${config}`));
    assert.match(await fetched(), /\b1 messages .* retrieved/);
    assert.match(await fetched(), /\b0 messages .* retrieved/);
  }
  assert.deepEqual(await bob.seesIn("INBOX"), ["one", "one", "one", "one"]);
  assert.match(await bob.textOf("INBOX", "one"), /\r\n\r\nThe text of 6f6e65\.\r\n$/);
});

peerTest("msmtp sends and mpop fetches with the same name and password", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const fingerprint = (await scene.certificate()).fingerprint256;
  const account = (port: number, more: string) =>
    `account default\nhost 127.0.0.1\nport ${port}\nuser alice\npassword "${password}"\ntls on\ntls_starttls on\ntls_fingerprint ${fingerprint}\nauth on\n${more}\n`;
  const sends = await scene.write("msmtprc", account(scene.portOf("submission"), `from alice@${scene.domain}`));
  const letter = "From: alice@mx.example.test\nSubject: to myself\n\n.\nGrüße\n";
  const told = await good(scene.run("sh", "-c", `printf '%s' '${letter}' | msmtp -C ${sends} alice@${scene.domain}`));
  assert.equal(told, "");
  for (const part of ["cur", "new", "tmp"]) await scene.write(`mail/${part}/.keep`, "");
  const fetches = await scene.write(
    "mpoprc",
    account(scene.portOf("pop3"), `keep on\ndelivery maildir ${scene.home}/mail\nuidls_file ${scene.home}/uidls`),
  );
  const referee = await scene.referee("alice");
  assert.deepEqual(await referee.seesIn("INBOX"), ["to myself"]);
  await good(scene.run("mpop", "-C", fetches, "-q"));
  const path = await fileWith(join(scene.home, "mail"), "to myself");
  assert.match(await readFile(path, "utf8"), /\n\n\.\nGrüße\n$/);
  await rm(path);
  // What it has had it does not fetch again.
  await good(scene.run("mpop", "-C", fetches, "-q"));
  await assert.rejects(fileWith(join(scene.home, "mail"), "to myself"));
  assert.match(await good(scene.run("mpop", "-C", fetches, "--serverinfo")), /UIDL/);
});

peerTest("imapfilter copies and marks what it finds", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const referee = await scene.referee("alice");
  await referee.client.mailboxCreate("Rechnungen");
  await referee.put("INBOX", "one");
  await referee.put("INBOX", "bill of May");
  const trusted = await scene.write("trusted.pem", (await scene.certificate()).toString());
  const config = await scene.write(
    "filter.lua",
    `options.timeout = 20
options.truststore = "${trusted}"
options.hostnames = false
options.certificates = false
a = IMAP { server = "127.0.0.1", port = ${scene.portOf("imaps")}, username = "alice", password = "${password}", ssl = "auto" }
found = a.INBOX:contain_subject("Bill")
found:copy_messages(a["Rechnungen"])
found:mark_seen()
old = a.INBOX:is_unseen()
old:move_messages(a["Rechnungen"])
`,
  );
  await good(scene.run("imapfilter", "-c", config));
  assert.deepEqual(await referee.seesIn("INBOX"), ["bill of May \\Seen"]);
  assert.deepEqual(await referee.seesIn("Rechnungen"), ["bill of May", "one"]);
});

peerTest("mutt sends, keeps a copy over IMAP, and files what it reads", ["readers"], async (t) => {
  const scene = await openReaderScene(t);
  const referee = await scene.referee("alice");
  await referee.client.mailboxCreate("Sent");
  await referee.put("INBOX", "one");
  const trusted = await scene.write("trusted.pem", (await scene.certificate()).toString());
  const config = await scene.write(
    "muttrc",
    `set from="alice@${scene.domain}" use_from=yes smtp_url="smtp://alice@127.0.0.1:${scene.portOf("submission")}/" smtp_pass="${password}"
set ssl_starttls=yes ssl_force_tls=yes ssl_verify_host=no certificate_file=${trusted}
set imap_user=alice imap_pass="${password}" folder="imaps://127.0.0.1:${scene.portOf("imaps")}/" spoolfile="+INBOX" record="+Sent" copy=yes
set mail_check=0 sleep_time=0 delete=yes move=no confirmappend=no confirmcreate=no quit=yes
`,
  );
  const script = `echo the body | mutt -F ${config} -s 'from mutt' alice@${scene.domain}`;
  await good(scene.run("sh", "-c", script));
  assert.deepEqual(await referee.seesIn("Sent"), ["from mutt \\Seen"]);
  assert.deepEqual(await referee.seesIn("INBOX"), ["one", "from mutt"]);
  // It wants a terminal to read.
  const reads = await scene.write(
    "muttrc-reads",
    `source ${config}\npush '<limit>~s one<enter><first-entry><copy-message>=Sent<enter><flag-message><sync-mailbox><quit>'\n`,
  );
  const mutt = `mutt -F ${reads} -f imaps://127.0.0.1:${scene.portOf("imaps")}/INBOX`;
  await good(scene.run("script", "--quiet", "--return", "--command", mutt, "/dev/null"));
  assert.deepEqual(await referee.seesIn("Sent"), ["from mutt \\Seen", "one"]);
  assert.deepEqual(await referee.seesIn("INBOX"), ["one Old \\Flagged", "from mutt Old"]);
});
