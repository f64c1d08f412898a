import { access, rm } from "node:fs/promises";
import { formatIp } from "./address/ip.ts";
import type { Config, ListenerConfig } from "./config/schema.ts";
import { type FirstAccount, passwordFile } from "./first-start.ts";
import type { OpenListener } from "./net/listeners.ts";

export type Greeting = {
  readonly config: Config;
  readonly firstAccount: FirstAccount | null;
  readonly listeners: readonly OpenListener[];
  readonly isTerminal: boolean;
};

/** Says where to send, who may relay, and what to try: on a first start with the account that was made. */
export async function greet(greeting: Greeting): Promise<void> {
  const { config, firstAccount, isTerminal } = greeting;
  const known = passwordFile(config.data);
  const isShown = firstAccount !== null && isTerminal;
  // Also of an earlier start, which may have been killed before it said so.
  const file = !isShown && (await isThere(known)) ? known : null;
  if (firstAccount === null && !isTerminal) {
    if (file !== null) process.stderr.write(`${whereItIs(file)}\n`);
    return;
  }
  const password = isShown ? firstAccount.password : null;
  // Standard error, so that the log on standard output stays one event a line.
  process.stderr.write(`${words(greeting, { password, file }).join("\n")}\n`);
  if (isShown) await rm(known, { force: true });
}

const whereItIs = (file: string): string =>
  `The password of the first account is in ${file}; remove it when you have read it.`;

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** What each kind of listener is for. */
const purposes: Readonly<Record<ListenerConfig["kind"], string>> = {
  relay: "from anybody, to our domains",
  submission: "from accounts, to everywhere",
  lmtp: "from programs here, to mailboxes here",
  imap: "accounts read their mail",
  pop3: "accounts fetch their mail",
};

function words(
  { config, firstAccount, listeners }: Greeting,
  secret: { readonly password: string | null; readonly file: string | null },
): string[] {
  const lines = ["", `Gatepost takes mail as ${config.hostname}:`];
  for (const { name, kind, ip, port } of listeners) {
    lines.push(`  ${name.padEnd(14)} ${formatIp(ip)} port ${port}  ${purposes[kind]}`);
  }
  if (firstAccount === null) return [...lines, ...(secret.file === null ? [] : ["", whereItIs(secret.file)]), ""];
  const relay = listeners.find(({ kind }) => kind === "relay");
  const submission = listeners.find(({ kind }) => kind === "submission");
  const { address } = firstAccount;
  const known = secret.password ?? `"$(cut -d' ' -f2 ${secret.file ?? ""})"`;
  lines.push(
    "",
    `First account: ${address}`,
    secret.file === null
      ? `Its password, shown only now: ${secret.password ?? ""}`
      : `Its password is in ${secret.file}`,
  );
  lines.push("Who may relay: accounts that log in. Nobody else.", "", "Try it:");
  if (relay !== undefined) {
    lines.push(
      "  # delivered",
      `  swaks --server ${formatIp(relay.ip)}:${relay.port} --from stranger@example.org --to ${address}`,
      "  # refused, with a REF that `npx gatepost explain REF` explains",
      `  swaks --server ${formatIp(relay.ip)}:${relay.port} --from stranger@example.org --to someone@example.net`,
      "  # the same without swaks: the REF stands behind 550",
      `  printf 'Subject: hello\\n\\nhello\\n' | curl -v --crlf --url smtp://${formatIp(relay.ip)}:${relay.port} --mail-from stranger@example.org --mail-rcpt someone@example.net --upload-file -`,
    );
  }
  if (submission !== undefined) {
    lines.push(
      "  # delivered, logged in over TLS",
      `  printf 'From: ${address}\\nTo: ${address}\\nSubject: hello\\n\\nhello\\n' | curl --crlf --ssl-reqd --insecure --url smtp://${formatIp(submission.ip)}:${submission.port} --user ${address}:${known} --mail-from ${address} --mail-rcpt ${address} --upload-file -`,
    );
  }
  const isInTls = (name: string) => config.listeners.some((one) => one.name === name && one.tls === "implicit");
  const imap = listeners.find(({ name, kind }) => kind === "imap" && isInTls(name));
  const pop3 = listeners.find(({ name, kind }) => kind === "pop3" && isInTls(name));
  if (imap !== undefined) {
    lines.push(
      "  # read what was delivered",
      `  curl --insecure --url "imaps://${formatIp(imap.ip)}:${imap.port}/INBOX;MAILINDEX=1" --user ${address}:${known}`,
    );
  }
  if (pop3 !== undefined) {
    lines.push(
      "  # the same by POP3",
      `  curl --insecure --url pop3s://${formatIp(pop3.ip)}:${pop3.port}/1 --user ${address}:${known}`,
    );
  }
  return [...lines, ""];
}
