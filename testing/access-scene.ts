import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openAccess } from "../src/access/access.ts";
import type { NewAccount } from "../src/accounts/administer.ts";
import { createAdministration } from "../src/accounts/administer.ts";
import { openAuthenticator } from "../src/accounts/authenticator.ts";
import { isConfig, readConfig } from "../src/config/read.ts";
import type { AccessKind, Config } from "../src/config/schema.ts";
import type { Event } from "../src/events/catalogue.ts";
import type { Mail } from "../src/imap/mail.ts";
import { recordsIn } from "../src/records.ts";
import { FakeClock } from "./fake-clock.ts";
import { MemoryMail } from "./memory-mail.ts";
import { openMemoryStore } from "./memory-store.ts";
import { certificates, quickHasher } from "./reception-scene.ts";

export type AccessSceneOptions = {
  readonly kind: AccessKind;
  readonly accounts: readonly NewAccount[];
  /** Whether passwords may pass without TLS. */
  readonly allowClearAuth?: boolean;
  readonly access?: Partial<Config["access"]>;
  readonly pop3?: Partial<Config["pop3"]>;
  /** Called once for each account; else its mail is in memory and empty. */
  readonly mailOf?: (login: string) => Mail;
};

export type AccessScene = Awaited<ReturnType<typeof openAccessScene>>;

/**
 * All of access over real sockets: listeners "clear" (TLS on request) and "implicit", drivers, logins and TLS, put together as `server.ts` does.
 * The mail is in memory, the clock is a test's, hashing is quick.
 */
export async function openAccessScene(t: TestContext, options: AccessSceneOptions) {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-access-"));
  const config = configOf(options, folder);
  const clock = new FakeClock();
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const store = await openMemoryStore();
  const firstPolicy = 'routing:\n  - { sent-to: "#example.test", route: inbound }\n';
  const { directory } = await recordsIn(store, { config, clock, emit, firstPolicy });
  const administration = createAdministration({ store, directory, clock, hasher: quickHasher });
  for (const account of options.accounts) {
    const made = await administration.create(account);
    if ("refused" in made) assert.fail(`${account.address}: ${made.refused}`);
  }
  const mails = new Map<string, Mail>();
  const mailOf = (name: string): Mail => {
    const mail = mails.get(name) ?? options.mailOf?.(name) ?? new MemoryMail({ now: () => clock.now() });
    mails.set(name, mail);
    return mail;
  };
  const access = await openAccess({
    config,
    authenticator: await openAuthenticator({
      store,
      directory,
      clock,
      emit,
      hasher: quickHasher,
      isThrottled: false,
      mayUseClear: () => options.allowClearAuth === true,
    }),
    certificates: await certificates(),
    account: (id) => directory.account(id),
    mailOf: ({ name }) => mailOf(name),
    clock,
    emit,
  });
  t.after(async () => {
    await access.close(0);
    await store.close();
    await rm(folder, { recursive: true });
  });
  return {
    access,
    clock,
    events,
    administration,
    directory,
    /** Of "alice", whatever her domain. */
    mailOf,
    eventsCalled: <Name extends Event["name"]>(name: Name) =>
      events.filter((event): event is Extract<Event, { name: Name }> => event.name === name),
    portOf: (name: "clear" | "implicit"): number =>
      access.listeners.find((listener) => listener.name === name)?.port ?? assert.fail(`no listener ${name}`),
  };
}

function configOf({ kind, allowClearAuth = false, access, pop3 }: AccessSceneOptions, folder: string): Config {
  const listener = (name: string, tls: string) =>
    `[[listener]]\nname = "${name}"\nkind = "${kind}"\naddress = "127.0.0.1"\nport = 0\ntls = "${tls}"\nallow-clear-auth = ${allowClearAuth}\n`;
  const text = `hostname = "mail.example.test"\ndata = "."\n${listener("clear", "starttls")}${listener("implicit", "implicit")}`;
  const file = { path: join(folder, "gatepost.toml"), text };
  const config = readConfig({ file, environment: {}, machineName: "x", folder });
  if (!isConfig(config)) return assert.fail(JSON.stringify(config));
  return { ...config, access: { ...config.access, ...access }, pop3: { ...config.pop3, ...pop3 } };
}
