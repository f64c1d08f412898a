import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect } from "node:tls";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { ImapFlow } from "imapflow";
import { type Ran, runPeer } from "./peers.ts";
import { startedServer, usualBootFile } from "./world.ts";

const listener = (name: string, kind: string, more: string) =>
  `[[listener]]\nname = "${name}"\nkind = "${kind}"\naddress = "127.0.0.1"\nport = 0\n${more}\n`;

/** All that people need: on loopback passwords may pass in clear, too. */
const boot = `${usualBootFile}
${listener("imap", "imap", "allow-clear-auth = true")}
${listener("imaps", "imap", 'tls = "implicit"')}
${listener("pop3", "pop3", "allow-clear-auth = true")}
${listener("pop3s", "pop3", 'tls = "implicit"')}`;

export const password = "correct horse";

/** A whole server with the accounts alice and bob, a home for a mail program, and a referee that looks at it from another side. */
export async function openReaderScene(t: TestContext) {
  const { server, portOf, seen } = await startedServer(t, undefined, { boot });
  const domain = "mx.example.test";
  for (const name of ["alice", "bob"]) {
    const made = await server.administration.create({ address: `${name}@${domain}`, password: { password } });
    if ("refused" in made) assert.fail(made.refused);
  }
  const portOfAny = (name: string): number =>
    server.listeners.find((one) => one.name === name)?.port ?? assert.fail(`no listener ${name}`);
  const home = await mkdtemp(join(tmpdir(), "gatepost-reader-"));
  t.after(() => rm(home, { recursive: true }));
  return {
    home,
    domain,
    portOf: (name: string) => portOf(name) || portOfAny(name),
    seen,
    certificate: () => certificateOf(portOfAny("imaps")),
    referee: (login: string) => openReferee(t, { port: portOfAny("imap"), login }),
    /** A file of its home that only its owner may read. */
    write: async (name: string, text: string): Promise<string> => {
      const path = join(home, name);
      await mkdir(join(path, ".."), { recursive: true });
      await writeFile(path, text, { mode: 0o600 });
      return path;
    },
    /** Runs a mail program to its end. */
    run: (...command: readonly string[]): Promise<Ran> =>
      runPeer("readers", ["env", `HOME=${home}`, `PYTHONDONTWRITEBYTECODE=1`, "TERM=xterm", ...command]),
  };
}

/** … that has to go well. */
export async function good(running: Promise<Ran>): Promise<string> {
  const { code, out, err } = await running;
  assert.equal(code, 0, out + err);
  return out + err;
}

export async function certificateOf(port: number): Promise<X509Certificate> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

export type Referee = Awaited<ReturnType<typeof openReferee>>;

async function openReferee(t: TestContext, { port, login }: { readonly port: number; readonly login: string }) {
  const client = new ImapFlow({
    ...{ host: "127.0.0.1", port, secure: false, doSTARTTLS: false, logger: false },
    auth: { user: login, pass: password },
    disableAutoIdle: true,
  });
  await client.connect();
  t.after(() => client.close());
  const opened = async <T>(mailbox: string, act: () => Promise<T>): Promise<T> => {
    const lock = await client.getMailboxLock(mailbox);
    try {
      return await act();
    } finally {
      lock.release();
    }
  };
  return {
    client,
    async put(mailbox: string, subject: string, flags: string[] = []): Promise<void> {
      const field = /^[ -~]*$/.test(subject) ? subject : `=?UTF-8?B?${Buffer.from(subject).toString("base64")}?=`;
      const id = Buffer.from(subject).toString("hex");
      const text = `From: bob@mx.example.test\r\nTo: alice@mx.example.test\r\nSubject: ${field}\r\nDate: Wed, 25 Nov 2026 09:00:00 +0000\r\nMessage-ID: <${id}@mx.example.test>\r\n\r\nThe text of ${id}.\r\n`;
      assert.ok(await client.append(mailbox, text, flags));
    },
    /** Subjects in the order of the mailbox, with their flags. */
    seesIn: (mailbox: string): Promise<string[]> =>
      opened(mailbox, async () => {
        const found: string[] = [];
        for await (const { flags = new Set<string>(), envelope } of client.fetch("1:*", {
          flags: true,
          envelope: true,
        }))
          found.push(
            [envelope?.subject ?? "", ...[...flags].filter((flag) => flag !== "\\Recent").toSorted()].join(" "),
          );
        return found;
      }),
    textOf: (mailbox: string, subject: string): Promise<string> =>
      opened(mailbox, async () => {
        for await (const { source, envelope } of client.fetch("1:*", { source: true, envelope: true }))
          if (envelope?.subject === subject) return source?.toString() ?? "";
        return assert.fail(`no ${subject} in ${mailbox}`);
      }),
    flag: (mailbox: string, subject: string, flags: string[]): Promise<boolean> =>
      opened(mailbox, () => client.messageFlagsAdd({ subject }, flags)),
    remove: (mailbox: string, subject: string): Promise<boolean> =>
      opened(mailbox, () => client.messageDelete({ subject })),
  };
}

/** "Subject: FLAGS" of each message in the folders of a Maildir, below its name; sorted. */
export async function maildirOf(root: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const [, folder, part] = /^(.*?)\/?(cur|new|tmp)$/.exec(entry.parentPath.slice(root.length + 1)) ?? [];
    if (part === undefined || folder === undefined || !entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), "utf8");
    const subject = /^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? "";
    (found[folder] ??= []).push(`${subject}:${/:2,(\w*)$/.exec(entry.name)?.[1] ?? ""}`);
  }
  for (const list of Object.values(found)) list.sort();
  return found;
}
