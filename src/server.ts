import type { AdminContext } from "./admin/context.ts";
import { openControlSocket } from "./admin/socket-server.ts";
import { openAccess } from "./access/access.ts";
import type { Administration } from "./accounts/administer.ts";
import type { AliasAdministration } from "./accounts/administer-aliases.ts";
import { openAuthenticator } from "./accounts/authenticator.ts";
import type { LiveDirectory } from "./accounts/directory.ts";
import { isAnyAddress, isSameIp } from "./address/ip.ts";
import { has, setOfCidr, subtract, unionOf } from "./address/ip-set.ts";
import { parseAddress } from "./address/path.ts";
import { neverDialled } from "./address/special-purpose.ts";
import { policyContext } from "./config/policy-context.ts";
import type { Config } from "./config/schema.ts";
import { openLdap } from "./ldap/connection.ts";
import { LdapDirectory } from "./ldap/directory.ts";
import { calloutBy } from "./delivery/callout.ts";
import { Connector } from "./delivery/connector.ts";
import { HostsRemote } from "./delivery/hosts-remote.ts";
import { openReports } from "./delivery/reports.ts";
import { Runner } from "./delivery/runner.ts";
import { targetsBy } from "./delivery/targets.ts";
import type { Resolver } from "./dns/resolver.ts";
import { systemResolver } from "./dns/system-resolver.ts";
import { openCounters } from "./events/counters.ts";
import type { Event } from "./events/catalogue.ts";
import type { Emit } from "./events/emit.ts";
import { type FirstAccount, makeFirstAccount, usualFirstDomain, usualFirstPolicy } from "./first-start.ts";
import type { Destination } from "./policy/decision.ts";
import { destinationOf } from "./policy/judge.ts";
import type { Policy } from "./policy/policy.ts";
import type { PolicyProblem } from "./policy/problems.ts";
import { servicesOf } from "./discovery/service.ts";
import { openHttp } from "./http/http.ts";
import { findEntry } from "./policy/routing-table.ts";
import { indexInBackground } from "./mailboxes/background-indexing.ts";
import { FinalDelivery } from "./mailboxes/final-delivery.ts";
import { mailsOf } from "./mailboxes/mail-of.ts";
import { NewsDesk } from "./mailboxes/news.ts";
import { SearchIndex } from "./mailboxes/search-index.ts";
import { Quotas } from "./mailboxes/quotas.ts";
import { dial } from "./net/dial.ts";
import type { OpenListener } from "./net/listeners.ts";
import { Gate } from "./reception/gate.ts";
import { type AskForRecipient, Verifier } from "./reception/verifier.ts";
import { openReception, type Reception } from "./reception/reception.ts";
import { type Contents, openContents } from "./store/content.ts";
import * as replies from "./smtp/replies.ts";
import { openJournal } from "./store/journal.ts";
import { forgetHourly } from "./store/journal-forgetting.ts";
import { readSetting, settingOf, smartHostPassword } from "./store/settings.ts";
import { recordsIn } from "./records.ts";
import { warnAtStart } from "./start-warnings.ts";
import { openSqlite } from "./store/sqlite/driver.ts";
import type { Memory } from "./store/memory.ts";
import type { Reports } from "./store/reporting.ts";
import type { Store } from "./store/store.ts";
import type { Clock } from "./time/clock.ts";
import { openCertificates } from "./tls/certificates.ts";
import { watchDisk } from "./watch-disk.ts";
import { watchMemory } from "./watch-memory.ts";
import { watchTime } from "./watch-time.ts";

/** The composition root: the only file that knows every adapter. */

export type ServerOptions = {
  readonly config: Config;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly version: string;
  /** What a data folder without a policy begins with; else one domain of ours, and relay for accounts. */
  readonly firstPolicy?: string;
  /** Of the first account and policy; else the host name, or example.test. */
  readonly firstDomain?: string;
  /** Where hosts listen that MX records name: 25, but for worlds of which every host is on one machine. */
  readonly exchangePort?: number;
  /** `false`: what is accepted stays in the queue. */
  readonly delivers?: boolean;
  /** The store cannot be trusted any more: end the process. */
  readonly onFatal: (problem: string) => void;
  /** That of the data folder, opened ahead by `start`; else it is opened here. */
  readonly store?: Promise<Store>;
};

export type RunningServer = {
  readonly reception: Reception;
  /** Of reception and access. */
  readonly listeners: readonly OpenListener[];
  /** Made by this start; its password is shown once. */
  readonly firstAccount: FirstAccount | null;
  readonly administration: Administration;
  readonly aliases: AliasAdministration;
  readonly directory: LiveDirectory;
  /** Puts a document in force for the next recipient on, without dropping a session; its problems when it does not parse. */
  applyPolicy(change: Parameters<AdminContext["policy"]["apply"]>[0]): Promise<readonly PolicyProblem[]>;
  close(): Promise<void>;
};

export async function startServer({
  config,
  clock,
  emit: log,
  version,
  onFatal,
  store: openedAhead,
  delivers = true,
  exchangePort = 25,
  firstPolicy,
  firstDomain = usualFirstDomain(config),
}: ServerOptions): Promise<RunningServer> {
  const counters = openCounters();
  const emit = (event: Event): void => {
    log(event);
    counters.emit(event);
  };
  const records = await recordsIn(await (openedAhead ?? openSqlite({ folder: config.data, onFatal })), {
    config,
    clock,
    emit,
    firstPolicy: firstPolicy ?? usualFirstPolicy(firstDomain),
  });
  const { store, directory, administration, policy } = records;
  const first = { domain: firstDomain, folder: config.data };
  const firstAccount = directory.accounts().length > 0 ? null : await makeFirstAccount(administration, first);
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
  const forgetting = forgetHourly({ store, clock, emit, ...config.journal });
  const memory = watchMemory(config.limits.memory, { clock, emit });
  const contents = openContents({ folder: config.data, store, memory });
  const news = new NewsDesk();
  const search = new SearchIndex({ store, contents });
  const indexing = indexInBackground({ index: search, store, news, clock, emit });
  const mailOf = mailsOf({
    store,
    contents,
    news,
    search,
    directory,
    now: () => clock.now(),
    appendLimit: config.limits.messageSize,
    usualQuota: config.limits.mailboxSize,
  });
  const time = await watchTime(store, clock);
  const disk = watchDisk(() => contents.freeBytes(), {
    folder: config.data,
    reserve: config.disk.reserve,
    clock,
    emit,
  });
  const resolver = systemResolver({ ...config.dns, timeoutMs: config.dns.timeout, clock });
  const now = () => clock.now();
  const quotas = new Quotas({ store, usual: config.limits.mailboxSize, now });
  const finalDelivery = new FinalDelivery({ store, news, quotas, now });
  const { runner, callout, reports } = openDelivery({
    config,
    finalDelivery,
    resolver,
    exchangePort,
    store,
    contents,
    memory,
    directory,
    clock,
    emit,
    policy: () => policy.current().policy,
    listeners: () => reception.listeners,
  });
  const directories = new Map(
    config.ldap.map((server) => [
      server.name,
      new LdapDirectory({ ...server, open: () => openLdap(server), now: () => clock.now(), emit }),
    ]),
  );
  const mailboxFull = config.limits.overQuota === "defer" ? replies.mailboxFull : replies.mailboxFullForGood;
  const gate = new Gate({
    policy: policy.current,
    directory,
    journal,
    verifier: new Verifier({ ask: asking({ callout, directories }), now: () => clock.now() }),
    now: () => clock.now(),
    clockIsBehind: time.isBehind,
    finalDelivery,
    mailboxFull,
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
      memory,
      handover: runner,
      finalDelivery,
      mailboxFull,
      reports,
      now: () => clock.now(),
      emit,
    },
    authenticator,
    certificates,
    shortage: () => disk.shortage() ?? (memory.isShort ? replies.storageLow : null),
    clock,
    emit,
  });
  const access = await openAccess({
    config,
    authenticator,
    certificates,
    account: (id) => directory.account(id),
    mailOf,
    clock,
    emit,
  }).catch(async (error: unknown) => {
    await reception.close(0);
    throw error;
  });
  const listeners = [...reception.listeners, ...access.listeners];
  if (delivers) runner.start();
  // In the background: only folders of earlier starts are looked at.
  const sweeping = new AbortController();
  const sweep = contents.sweep(clock.now(), sweeping.signal).then(
    (swept) => {
      if (swept.quarantined + swept.deleted > 0) emit({ name: "contents-swept", ...swept });
    },
    (error: unknown) => emit({ name: "trouble", doing: "sweeping contents of earlier starts", problem: String(error) }),
  );
  emit({
    name: "server-started",
    listeners: listeners.map(({ name, port }) => `${name}:${port}`),
    version,
  });
  const admin: AdminContext = {
    ...records,
    config,
    mailOf,
    reindex: (told) => search.rebuild(told),
    flushJournal: () => journal.flush(),
    wakeQueue: () => runner.wake(),
    running: {
      version,
      startedAt: clock.now(),
      listeners: () => listeners.map(({ name, port }) => ({ name, port })),
      counts: () => counters.snapshot(),
      lostRefusals: () => journal.lost,
    },
    clock,
    emit,
  };
  // Not waited for: it looks at the machine, and mail is taken already.
  void warnAtStart(admin);
  const control = await openControlSocket(admin).catch((error: unknown) => {
    emit({ name: "trouble", doing: "opening the control socket", problem: String(error) });
    return null;
  });
  // Not waited for either, and mail goes on without it.
  const http =
    config.http === null
      ? null
      : openHttp({
          http: config.http,
          services: servicesOf(config.hostname, config.listeners),
          isOurs: (domain) => findEntry(policy.current().policy.routing, domain)?.route.kind === "inbound",
          certificates,
          emit,
        }).catch((error: unknown) => {
          emit({ name: "trouble", doing: "opening the HTTP listener", problem: String(error) });
          return null;
        });
  return {
    reception,
    listeners,
    firstAccount,
    administration,
    aliases: records.aliases,
    directory,
    applyPolicy: policy.apply,
    async close() {
      sweeping.abort();
      await control?.close();
      await (await http)?.close();
      await Promise.all([reception.close(config.timeouts.stop), access.close(config.timeouts.stop)]);
      await runner.stop(config.timeouts.stop);
      resolver.close();
      time.stop();
      disk.stop();
      certificates.close();
      for (const one of directories.values()) one.close();
      await forgetting.stop();
      await indexing.stop();
      await journal.close();
      await sweep;
      await store.close();
      emit({ name: "server-stopped", reason: "asked to" });
    },
  };
}

type RunnerParts = {
  readonly config: Config;
  readonly finalDelivery: FinalDelivery;
  readonly resolver: Resolver;
  readonly exchangePort: number;
  readonly store: Store;
  readonly contents: Contents;
  readonly memory: Memory;
  readonly directory: LiveDirectory;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly policy: () => Policy;
  readonly listeners: () => readonly OpenListener[];
};

/** Longer than the longest attempt: connect, all commands, content and the final dot. */
const leaseMs = 60 * 60_000;

function openDelivery({
  config,
  finalDelivery,
  resolver,
  exchangePort,
  store,
  contents,
  memory,
  directory,
  clock,
  emit,
  policy,
  listeners,
}: RunnerParts): {
  readonly runner: Runner;
  readonly reports: Reports;
  readonly callout: ReturnType<typeof calloutBy>;
} {
  const { delivery, queue } = config;
  const destinationFor = (forwardPath: string): Destination | null => {
    const address = parseAddress(forwardPath, { kind: "forward", allowsUtf8: true });
    return "refused" in address ? null : destinationOf(policy(), address, (one) => directory.existence(one) !== "none");
  };
  const own = policyContext(config).ownAddresses;
  const dialled = unionOf(config.localNetworksDialled.map(({ ip, prefix }) => setOfCidr(ip, prefix)));
  const [first = 5 * 60_000, ...further] = queue.retry;
  const targetFor = targetsBy({
    resolver,
    exchangePort,
    own: {
      names: new Set([config.hostname, ...config.ownNames, "localhost"]),
      addresses: own,
      neverDialled: subtract(neverDialled, dialled),
    },
    random: Math.random,
    isOwnListener: (ip, port) =>
      has(own, ip) &&
      listeners().some(
        (listener) => listener.port === port && (isSameIp(listener.ip, ip) || isAnyAddress(listener.ip)),
      ),
    passwordOf: async (account) => settingOf(await store.read(readSetting(smartHostPassword(account)))),
  });
  const connector = new Connector({ hello: config.hostname, clock, dial, emit });
  const reports = openReports({
    hostname: config.hostname,
    store,
    contents,
    directory,
    finalDelivery,
    destinationOf: destinationFor,
    now: () => clock.now(),
  });
  const runner = new Runner({
    store,
    contents,
    memory,
    remote: new HostsRemote({
      connector,
      limits: delivery,
      messagesPerConnection: delivery.messagesPerConnection,
      idleMs: delivery.idle,
      clock,
    }),
    reports,
    schedule: {
      retryAfterMs: [first, ...further],
      lifetimeMs: queue.lifetime,
      delayReportAfterMs: queue.delayReportAfter,
    },
    clock,
    random: Math.random,
    emit,
    destinationOf: destinationFor,
    deliverHere: async (entry, recipient) => {
      const destination = destinationFor(recipient.forwardPath);
      const ends = destination === null ? "none" : directory.expand(destination.address);
      if (typeof ends === "string" || ends.mailboxes.length === 0) return null;
      const prefix = `Return-Path: <${entry.reversePath}>\r\n`;
      const { contentId, size: contentSize } = entry;
      if (await finalDelivery.isFull(ends.mailboxes)) return "full";
      const places = await finalDelivery.placesFor([ends]);
      const delivered = { contentId, contentSize, prefix, at: clock.now() };
      const statements = finalDelivery.statements(places, delivered);
      return { statements, committed: () => finalDelivery.told(places, delivered) };
    },
    targetFor,
    most: { inAll: delivery.connections, perDestination: delivery.connectionsPerDestination, recipients: 100 },
    leaseMs,
    // The folder's lock sees to it (store/sqlite/folder-lock).
    isAlone: true,
  });
  return { runner, reports, callout: calloutBy({ connector, limits: delivery, targetFor }) };
}

/** Who is asked for a recipient of a host of ours: the directory that its entry names, else the host itself. */
function asking({
  callout,
  directories,
}: {
  readonly callout: ReturnType<typeof calloutBy>;
  readonly directories: ReadonlyMap<string, LdapDirectory>;
}): AskForRecipient {
  return async (address, { nextHop, recipients }) => {
    if (recipients.by !== "ldap") return callout(address, nextHop);
    return (await directories.get(recipients.directory)?.existence(address)) ?? "unknowable";
  };
}

function filesOf({ tls }: Config) {
  return tls.certificate === undefined || tls.key === undefined ? null : { certificate: tls.certificate, key: tls.key };
}
