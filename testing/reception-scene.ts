import assert from "node:assert/strict";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createSecureContext } from "node:tls";
import type { Ip } from "../src/address/address.ts";
import type { NewAccount } from "../src/accounts/administer.ts";
import { createAdministration } from "../src/accounts/administer.ts";
import { openAuthenticator } from "../src/accounts/authenticator.ts";
import type { Hasher } from "../src/accounts/hasher.ts";
import { isConfig, readConfig } from "../src/config/read.ts";
import type { Config, ListenerConfig } from "../src/config/schema.ts";
import type { Event } from "../src/events/catalogue.ts";
import { FinalDelivery } from "../src/mailboxes/final-delivery.ts";
import { mailsOf } from "../src/mailboxes/mail-of.ts";
import { NewsDesk } from "../src/mailboxes/news.ts";
import { Quotas } from "../src/mailboxes/quotas.ts";
import { recordsIn } from "../src/records.ts";
import { Gate } from "../src/reception/gate.ts";
import { openReception } from "../src/reception/reception.ts";
import type { Reply } from "../src/smtp/reply.ts";
import * as replies from "../src/smtp/replies.ts";
import { openContents } from "../src/store/content.ts";
import { Memory } from "../src/store/memory.ts";
import { openJournal } from "../src/store/journal.ts";
import type { Certificates } from "../src/tls/certificates.ts";
import { selfSigned } from "../src/tls/self-signed.ts";
import { FakeClock } from "./fake-clock.ts";
import { openMemoryStore } from "./memory-store.ts";

export type SceneOptions = {
  /** Each with a free port of 127.0.0.1; what is left out is the boot file's default. */
  readonly listeners: readonly (Pick<ListenerConfig, "name" | "kind"> & Partial<ListenerConfig>)[];
  readonly policy: string;
  readonly accounts?: readonly NewAccount[];
  readonly limits?: Partial<Config["limits"]>;
  readonly timeouts?: Partial<Config["timeouts"]>;
  readonly shortage?: () => Reply | null;
  /** Addresses of ours beside those of this machine. */
  readonly ownAddresses?: readonly Ip[];
};

export type ReceptionScene = Awaited<ReturnType<typeof openReceptionScene>>;

/**
 * All of reception over real sockets: listeners, drivers, gate, directory, logins, TLS, intake and store, put together as
 * `server.ts` does. Only three things are not the product's: the clock is a test's, the store is in memory, hashing is quick.
 * Nothing is delivered.
 */
export async function openReceptionScene(t: TestContext, options: SceneOptions) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-reception-"));
  const config = configOf(options, folder);
  const clock = new FakeClock();
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const store = await openMemoryStore();
  const { directory, domains, policy, aliases } = await recordsIn(store, {
    config,
    clock,
    emit,
    firstPolicy: options.policy,
  });
  const administration = createAdministration({ store, directory, domains, clock, hasher: quickHasher });
  for (const account of options.accounts ?? []) {
    const made = await administration.create(account);
    if ("refused" in made) assert.fail(`${account.address}: ${made.refused}`);
  }
  const memory = new Memory(config.limits.memory);
  const contents = openContents({ folder, store, memory });
  const journal = openJournal({ store, clock, emit });
  const now = () => clock.now();
  const news = new NewsDesk();
  const usualQuota = config.limits.mailboxSize;
  const quotas = new Quotas({ store, usual: usualQuota, now });
  const finalDelivery = new FinalDelivery({ store, news, quotas, now });
  const mailOf = mailsOf({
    store,
    contents,
    news,
    directory,
    now,
    appendLimit: config.limits.messageSize,
    usualQuota,
  });
  const mailboxFull = config.limits.overQuota === "defer" ? replies.mailboxFull : replies.mailboxFullForGood;
  const reception = await openReception({
    config,
    gate: new Gate({
      policy: policy.current,
      directory,
      journal,
      verifier: { existence: () => "unknowable" },
      now,
      clockIsBehind: () => false,
      finalDelivery,
      mailboxFull,
      emit,
    }),
    intake: {
      hostname: config.hostname,
      store,
      contents,
      directory,
      journal,
      memory,
      reports: { reportOn: () => Promise.resolve(null) },
      finalDelivery,
      mailboxFull,
      handover: { reserve: () => null, give() {}, release() {}, wake() {} },
      now,
      emit,
    },
    authenticator: await openAuthenticator({
      store,
      directory,
      clock,
      emit,
      hasher: quickHasher,
      isThrottled: false,
      mayUseClear: (name) => config.listeners.some((listener) => listener.name === name && listener.allowClearAuth),
    }),
    certificates: await certificates(),
    shortage: options.shortage ?? (() => (memory.isShort ? replies.storageLow : null)),
    clock,
    emit,
  });
  t.after(async () => {
    await reception.close(0);
    await journal.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  return {
    reception,
    clock,
    events,
    store,
    policy,
    directory,
    administration,
    aliases,
    folder,
    memory,
    mailOf,
    eventsCalled: <Name extends Event["name"]>(name: Name) =>
      events.filter((event): event is Extract<Event, { name: Name }> => event.name === name),
    portOf(name: string): number {
      return reception.listeners.find((listener) => listener.name === name)?.port ?? assert.fail(`no listener ${name}`);
    },
    /** The octets of the message that was accepted last, as they are kept: trace fields first. */
    async lastKept(): Promise<Buffer> {
      const sql = "SELECT size, inline, file FROM content ORDER BY id DESC LIMIT 1";
      const [row] = await store.read({ sql, parameters: [] });
      if (row === undefined) return assert.fail("no message is kept");
      const inline = row["inline"] instanceof Uint8Array ? row["inline"] : null;
      const file = typeof row["file"] === "string" ? row["file"] : null;
      const pieces: Uint8Array[] = [];
      for await (const piece of contents.open({ size: Number(row["size"]), inline, file }).stream()) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

function configOf({ listeners, limits, timeouts, ownAddresses }: SceneOptions, folder: string): Config {
  const text = `hostname = "mx.example.test"\ndata = "."\n[[listener]]\nname = "x"\nkind = "relay"\naddress = "127.0.0.1"\nport = 0\n`;
  const file = { path: join(folder, "gatepost.toml"), text };
  const config = readConfig({ file, environment: {}, machineName: "x", folder });
  const usual = isConfig(config) ? config.listeners[0] : undefined;
  if (!isConfig(config) || usual === undefined) return assert.fail("the boot file of the scene cannot be read");
  return {
    ...config,
    ownAddresses: [...(ownAddresses ?? [])],
    listeners: listeners.map((listener) => ({ ...usual, auth: listener.kind === "submission", ...listener })),
    limits: { ...config.limits, connectionsPerAddress: 1_000, connectionsPerNetwork: 1_000, ...limits },
    timeouts: { ...config.timeouts, ...timeouts },
  };
}

/** One round where the real functions take many. */
export const quickHasher: Hasher = {
  argon2id: (password, salt) => Promise.resolve(pbkdf2Sync(password, salt, 1, 32, "sha256")),
  pbkdf2: (password, salt) => Promise.resolve(pbkdf2Sync(password, salt, 1, 32, "sha256")),
  random: randomBytes,
};

let made: Promise<Certificates> | null = null;

/** One self-signed certificate for all scenes of a process. */
export function certificates(): Promise<Certificates> {
  made ??= selfSigned("mx.example.test", Date.now()).then(({ certificate, key }) => {
    const context = createSecureContext({ cert: certificate, key, minVersion: "TLSv1.2", honorCipherOrder: true });
    return { current: () => context, pem: () => certificate, close: () => {} };
  });
  return made;
}
