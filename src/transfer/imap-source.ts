import { readFile } from "node:fs/promises";
import type { FetchMessageObject, ImapFlow } from "imapflow";
import { type Source, type SourceMailbox, type SourceMessage, SourceUnreadable } from "./source.ts";

export type ImapServer = {
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "starttls" | "none";
  /** File with the certificates to trust instead of the machine's, PEM. */
  readonly ca: string | null;
  readonly login: string;
  readonly password: string;
};

/** Octets of messages that are fetched together and held in memory meanwhile; a larger one is streamed alone. */
const batchOctets = 4 * 1024 * 1024;
const mostInBatch = 100;

/** Another server, read only. Certificates are always verified. */
export async function openImapServer(server: ImapServer): Promise<Source> {
  const { ImapFlow: Client } = await import("imapflow");
  const { host, port, login, password } = server;
  const ca = server.ca === null ? {} : { ca: await readFile(server.ca) };
  const client = new Client({
    host,
    port,
    secure: server.tls === "implicit",
    ...(server.tls === "implicit" ? {} : { doSTARTTLS: server.tls === "starttls" }),
    auth: { user: login, pass: password },
    tls: ca,
    logger: false,
    disableAutoIdle: true,
  });
  let broken: Error | null = null;
  client.on("error", (error: Error) => void (broken = error));
  try {
    await client.connect();
  } catch (error) {
    throw new SourceUnreadable(`${host} port ${port} does not let us in as ${login}: ${wordsOf(error)}`);
  }
  return {
    name: `imap ${login}@${host}:${port}`,
    async mailboxes() {
      const listed = await client.list();
      const found: SourceMailbox[] = [];
      for (const { path, delimiter, flags } of listed) {
        if (flags.has("\\Noselect") || flags.has("\\NonExistent")) continue;
        const status = await client.status(path, { messages: true });
        found.push(
          mailboxOf(client, {
            path,
            name: nameOf(path, delimiter),
            messages: status === false ? 0 : (status.messages ?? 0),
          }),
        );
      }
      return found;
    },
    async close() {
      if (broken === null) await client.logout().catch(() => {});
      client.close();
    },
  };
}

function wordsOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "responseText" in error && typeof error.responseText === "string")
    return error.responseText;
  return error instanceof Error ? error.message : String(error);
}

/** Levels apart by "/"; a "/" inside of a level cannot be one here. */
function nameOf(path: string, delimiter: string): string {
  const levels = delimiter === "" ? [path] : path.split(delimiter);
  const name = levels.map((level) => level.replaceAll("/", "_")).join("/");
  return name.toUpperCase() === "INBOX" ? "INBOX" : name;
}

type Place = { readonly path: string; readonly name: string; readonly messages: number };

function mailboxOf(client: ImapFlow, { path, name, messages }: Place): SourceMailbox {
  return {
    name,
    messages,
    async *read(skip) {
      const opened = await client.mailboxOpen(path, { readOnly: true });
      const keyOf = (uid: number) => `${path}:${opened.uidValidity}:${uid}`;
      const wanted: { readonly uid: number; readonly size: number }[] = [];
      if (opened.exists === 0) return;
      for await (const { uid, size = 0 } of client.fetch("1:*", { uid: true, size: true })) {
        if (!skip.has(keyOf(uid))) wanted.push({ uid, size });
      }
      for (const batch of batchesOf(wanted)) yield* readBatch(client, batch, keyOf);
    },
  };
}

type Wanted = { readonly uid: number; readonly size: number };

function* batchesOf(wanted: readonly Wanted[]): Generator<readonly Wanted[]> {
  let batch: Wanted[] = [];
  let octets = 0;
  for (const one of wanted) {
    if (batch.length > 0 && (batch.length === mostInBatch || octets + one.size > batchOctets)) {
      yield batch;
      batch = [];
      octets = 0;
    }
    batch.push(one);
    octets += one.size;
  }
  if (batch.length > 0) yield batch;
}

async function* readBatch(
  client: ImapFlow,
  batch: readonly Wanted[],
  keyOf: (uid: number) => string,
): AsyncGenerator<SourceMessage> {
  const isLarge = batch.length === 1 && (batch[0]?.size ?? 0) > batchOctets;
  const uids = batch.map(({ uid }) => uid).join(",");
  const query = { uid: true, flags: true, internalDate: true, source: !isLarge };
  // All of a batch before the first of it is used: other commands cannot be sent in between.
  for (const message of await client.fetchAll(uids, query, { uid: true })) {
    yield {
      key: keyOf(message.uid),
      flags: [...(message.flags ?? [])].filter((flag) => flag !== "\\Recent"),
      internalDate: dateOf(message),
      read: () => octetsOf(client, message),
    };
  }
}

function dateOf({ internalDate }: FetchMessageObject): number | null {
  if (internalDate === undefined) return null;
  const at = internalDate instanceof Date ? internalDate.getTime() : Date.parse(internalDate);
  return Number.isFinite(at) ? at : null;
}

async function* octetsOf(client: ImapFlow, { uid, source }: FetchMessageObject): AsyncGenerator<Uint8Array> {
  if (source !== undefined) return yield source;
  const { content } = await client.download(String(uid), undefined, { uid: true });
  if (content === undefined) throw new SourceUnreadable(`the message with the UID ${uid} is gone`);
  for await (const chunk of content) yield chunk as Uint8Array;
}
