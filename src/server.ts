import { createAdministration, type Administration } from "./accounts/administer.ts";
import { openAuthenticator } from "./accounts/authenticator.ts";
import { loadDirectory, type LiveDirectory, type LocalDomains } from "./accounts/directory.ts";
import { policyContext } from "./config/policy-context.ts";
import type { Config } from "./config/schema.ts";
import type { Emit } from "./events/emit.ts";
import { type FirstAccount, makeFirstAccount, makeFirstPolicy } from "./first-start.ts";
import { isPolicy, parsePolicy } from "./policy/document.ts";
import type { Policy } from "./policy/policy.ts";
import { formatProblem } from "./policy/problems.ts";
import { findEntry } from "./policy/routing-table.ts";
import { Gate, type PolicyInForce } from "./reception/gate.ts";
import { openReception, type Reception } from "./reception/reception.ts";
import * as replies from "./smtp/replies.ts";
import type { Reply } from "./smtp/reply.ts";
import { openContents } from "./store/content.ts";
import { openJournal } from "./store/journal.ts";
import { currentPolicy } from "./store/policy-versions.ts";
import { highestTime, readSetting, settingOf, writeSetting } from "./store/settings.ts";
import { openSqlite } from "./store/sqlite/driver.ts";
import type { Store } from "./store/store.ts";
import type { Clock } from "./time/clock.ts";
import { openCertificates } from "./tls/certificates.ts";

/** The composition root: the only file that knows every adapter. */

export type ServerOptions = {
  readonly config: Config;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly version: string;
  /** The store cannot be trusted any more: end the process. */
  readonly onFatal: (problem: string) => void;
};

export type RunningServer = {
  readonly reception: Reception;
  readonly policy: () => PolicyInForce;
  /** Made by this start; its password is shown once. */
  readonly firstAccount: FirstAccount | null;
  readonly administration: Administration;
  readonly directory: LiveDirectory;
  close(): Promise<void>;
};

export async function startServer({ config, clock, emit, version, onFatal }: ServerOptions): Promise<RunningServer> {
  const store = await openSqlite({ folder: config.data, onFatal });
  let inForce = await loadPolicy(store, config, clock);
  const domains: LocalDomains = { kindOf: (domain) => kindOfDomain(inForce.policy, domain) };
  const directory = await loadDirectory({ store, domains });
  const administration = createAdministration({ store, directory, clock });
  const firstAccount =
    directory.accounts().length > 0 ? null : await makeFirstAccount(administration, firstDomain(config));
  const authenticator = await openAuthenticator({
    store,
    directory,
    clock,
    emit,
    isThrottled: config.login.throttle,
    mayUseClear: (name) => config.listeners.some((listener) => listener.name === name && listener.allowClearAuth),
  });
  const certificates = await openCertificates({
    files: filesOf(config),
    folder: config.data,
    hostname: config.hostname,
    clock,
    emit,
  });
  const journal = openJournal({ store, clock, emit });
  const contents = openContents({ folder: config.data, store });
  const time = await watchTime(store, clock);
  const disk = watchDisk(() => contents.freeBytes(), { reserve: config.disk.reserve, clock, emit });
  const gate = new Gate({
    policy: () => inForce,
    directory,
    journal,
    // Recipients that live at another host cannot be asked for yet: they are deferred, never accepted unseen.
    callout: { existence: () => "unknowable" },
    now: () => clock.now(),
    clockIsBehind: time.isBehind,
    emit,
  });
  const reception = await openReception({
    config,
    gate,
    intake: {
      hostname: config.hostname,
      store,
      contents,
      directory,
      journal,
      handover: { reserve: () => null, give: () => {}, release: () => {}, wake: () => {} },
      now: () => clock.now(),
      emit,
    },
    authenticator,
    certificates,
    shortage: disk.shortage,
    clock,
    emit,
  });
  emit({
    name: "server-started",
    listeners: reception.listeners.map(({ name, port }) => `${name}:${port}`),
    version,
  });
  return {
    reception,
    policy: () => inForce,
    firstAccount,
    administration,
    directory,
    async close() {
      await reception.close(config.timeouts.stop);
      time.stop();
      disk.stop();
      certificates.close();
      await journal.close();
      await store.close();
      emit({ name: "server-stopped", reason: "asked to" });
    },
  };
}

/** Reads the policy in force; makes the first one. Throws when it does not parse: an unreadable policy never opens anything. */
async function loadPolicy(store: Store, config: Config, clock: Clock): Promise<PolicyInForce> {
  if ((await currentPolicy(store)) === null)
    await makeFirstPolicy(store, { domain: firstDomain(config), now: clock.now() });
  const current = await currentPolicy(store);
  if (current === null) throw new Error("the policy that was made at first start cannot be read");
  const policy = parsePolicy(current.document, policyContext(config));
  if (isPolicy(policy)) return { policy, version: current.version };
  throw new Error(`policy version ${current.version} cannot be used:\n${policy.map(formatProblem).join("\n")}`);
}

function firstDomain({ hostname }: Config): string {
  return hostname.includes(".") ? hostname : "example.test";
}

function filesOf({ tls }: Config) {
  return tls.certificate === undefined || tls.key === undefined ? null : { certificate: tls.certificate, key: tls.key };
}

function kindOfDomain(policy: Policy, domain: string): ReturnType<LocalDomains["kindOf"]> {
  if (domain === "" || domain.startsWith("[")) return "here";
  const route = findEntry(policy.routing, domain)?.route;
  if (route?.kind !== "inbound") return "away";
  return route.unknownTo === null ? "here" : "split";
}

const toleratedMs = 5 * 60_000;
const everyMs = 60_000;

/** Keeps the highest time ever seen: while the clock is behind it, dated grants are not honoured (relay-policy §2.2, expiry). */
async function watchTime(store: Store, clock: Clock) {
  let highest = Number(settingOf(await store.read(readSetting(highestTime))) ?? 0);
  let timer = clock.after(0, note);
  function note(): void {
    highest = Math.max(highest, clock.now());
    // A store that fails says so itself.
    store.commit([writeSetting(highestTime, String(highest))]).catch(() => {});
    timer = clock.after(everyMs, note);
  }
  return { isBehind: () => clock.now() < highest - toleratedMs, stop: () => timer.cancel() };
}

const looksEveryMs = 5_000;

/** Puts new mail off before the disk is full (452 4.3.1), not after. */
function watchDisk(
  freeBytes: () => Promise<number>,
  options: { readonly reserve: number; readonly clock: Clock; readonly emit: Emit },
) {
  const { reserve, clock, emit } = options;
  let isLow = false;
  let isStopped = false;
  let timer = clock.after(0, look);
  function look(): void {
    freeBytes().then(
      (free) => {
        if (free < reserve && !isLow) {
          emit({
            name: "trouble",
            doing: "looking at the disk of the data folder",
            problem: `${free} octets are free, ${reserve} are kept in reserve: new mail is put off`,
          });
        }
        isLow = free < reserve;
        if (!isStopped) timer = clock.after(looksEveryMs, look);
      },
      (error: unknown) =>
        emit({ name: "trouble", doing: "looking at the disk of the data folder", problem: String(error) }),
    );
  }
  return {
    shortage: (): Reply | null => (isLow ? replies.storageLow : null),
    stop() {
      isStopped = true;
      timer.cancel();
    },
  };
}
