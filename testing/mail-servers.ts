import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { selfSigned } from "../src/tls/self-signed.ts";
import { peerIds } from "./packages.ts";
import { type Endpoint, freeEndpoint, type PeerServer, startPeer } from "./peers.ts";

/** Postfix and Exim as peers: each takes mail for its users at r.test and keeps every message in a file of its own. */

const users = ["alice", "bob", "carol", "dora", "jörg"];

export type MailServer = PeerServer &
  Endpoint & {
    /** PEM, what it shows after STARTTLS. */
    readonly certificate: string;
    /** The one message that a user got, line ends as they travel; resolves when it is there. */
    delivered(user: string): Promise<Buffer>;
  };

async function onlyFileIn(folder: string): Promise<Buffer> {
  const [name = "", ...others] = await readdir(folder);
  assert.deepEqual(others, [], `more than one message in ${folder}`);
  return readFile(join(folder, name));
}

/** Further settings and services: `main` stands below those that every scene needs, `master` below the services. */
export async function startPostfix(t: TestContext, { main = "", master = "" } = {}): Promise<MailServer> {
  const listens = await freeEndpoint();
  const { certificate, key } = await selfSigned("next.r.test", Date.now());
  const { postfix } = peerIds;
  const server = await startPeer(t, {
    family: "postfix",
    command: () => ["postfix", "start-fg"],
    listens,
    folders: { queue: 0, data: postfix, mail: postfix },
    etc: (folder) => ({
      "postfix/main.cf": `${postfixMain(folder)}${main}\n`,
      "postfix/master.cf": `${listens.host}:${listens.port} inet n - n - - smtpd\n${postfixServices}${master}\n`,
      "postfix/tls.pem": key + certificate,
    }),
  });
  return {
    ...server,
    ...listens,
    certificate,
    async delivered(user) {
      await server.says(new RegExp(`to=<${user}@r\\.test>.*status=sent`));
      const stored = await onlyFileIn(join(server.folder, "mail", user, "new"));
      return Buffer.from(stored.toString("latin1").replaceAll("\n", "\r\n"), "latin1");
    },
  };
}

const postfixMain = (folder: string) => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = /dev/stdout
myhostname = next.r.test
mydestination =
alias_maps =
alias_database =
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.254.254.254/32
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = /etc/postfix/tls.pem
virtual_mailbox_domains = r.test
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = inline:{${users.map((user) => `{${user}@r.test = ${user}/}`).join(" ")}}
virtual_minimum_uid = 1
virtual_uid_maps = static:${peerIds.postfix}
virtual_gid_maps = static:${peerIds.postfix}
`;

const postfixServices = `
cleanup    unix n - n -   0 cleanup
pickup     unix n - n 60  1 pickup
qmgr       unix n - n 300 1 qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n -   - trivial-rewrite
bounce     unix - - n -   0 bounce
defer      unix - - n -   0 bounce
trace      unix - - n -   0 bounce
proxymap   unix - - n -   - proxymap
smtp       unix - - n -   - smtp
error      unix - - n -   - error
retry      unix - - n -   - error
virtual    unix - n n -   - virtual
anvil      unix - - n -   1 anvil
scache     unix - - n -   1 scache
postlog    unix-dgram n - n - 1 postlogd
`;

/** Further settings: `main` for the main section, `acl` and `authenticators` for theirs. */
export async function startExim(
  t: TestContext,
  { main = "", acl = "", authenticators = "" } = {},
): Promise<MailServer> {
  const listens = await freeEndpoint();
  const { certificate, key } = await selfSigned("next.r.test", Date.now());
  const exim = peerIds["Debian-exim"];
  const server = await startPeer(t, {
    family: "exim",
    command: (folder) => [
      ...[
        "sh",
        "-c",
        'tail --quiet --lines=+1 --follow=name --retry "$1" 2>/dev/null & exec exim4 -bdf -oX "$2"',
        "sh",
      ],
      ...[`${folder}/log/mainlog`, `[${listens.host}]:${listens.port}`],
    ],
    listens,
    folders: { spool: exim, log: exim, mail: exim },
    etc: (folder) => ({
      "exim4/exim4.conf": eximConfiguration({ folder, main, acl, authenticators }),
      "exim4/tls.pem": certificate + key,
      // A local part from the network is tainted: the name of a folder comes from here.
      "exim4/users": users.map((user) => `${user}: ${user}\n`).join(""),
    }),
  });
  return {
    ...server,
    ...listens,
    certificate,
    async delivered(user) {
      await server.says(new RegExp(`=> ${user} <${user}@r\\.test>`));
      return onlyFileIn(join(server.folder, "mail", user));
    },
  };
}

type EximParts = Readonly<Record<"folder" | "main" | "acl" | "authenticators", string>>;

const eximConfiguration = ({ folder, main, acl, authenticators }: EximParts) => `
primary_hostname = next.r.test
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
log_selector = +received_recipients
pid_file_path = ${folder}/spool/pid
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
host_lookup =
rfc1413_hosts =
tls_certificate = /etc/exim4/tls.pem
tls_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
acl_smtp_rcpt = recipients
acl_smtp_data = accept
${main}
begin acl
${acl}
recipients:
  deny domains = ! r.test
       message = relay not permitted
  require verify = recipient
  accept
begin routers
mailboxes:
  driver = accept
  domains = r.test
  local_parts = ${users.join(" : ")}
  transport = files
begin transports
files:
  driver = appendfile
  directory = ${folder}/mail/\${lookup{$local_part}lsearch{/etc/exim4/users}}
  create_directory
  use_crlf
  user = Debian-exim
begin authenticators
${authenticators}
`;
