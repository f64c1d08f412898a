import { join } from "node:path";
import type { X509Certificate } from "node:crypto";
import { z } from "zod";
import { formatIp, isSameIp } from "../../address/ip.ts";
import { isLoopback } from "../../config/consistency.ts";
import { formatDuration } from "../../config/duration.ts";
import type { Config } from "../../config/schema.ts";
import { roundSize } from "../../config/size.ts";
import { parseNameServer } from "../../dns/name-server.ts";
import { servicesOf } from "../../discovery/service.ts";
import { srvRecords } from "../../discovery/srv.ts";
import { systemResolver } from "../../dns/system-resolver.ts";
import { filterFor } from "../../ldap/filter.ts";
import { checkPolicy } from "../../policy/check.ts";
import { domainsWrittenTo, lastUseOfGrants } from "../../store/journal-desk.ts";
import { countSetAside } from "../../store/queue-desk.ts";
import { highestTime, readSetting, settingOf } from "../../store/settings.ts";
import type { AdminContext } from "../context.ts";
import { certificateIn, filesInQuarantine, filtersLoosely, forwardsPackets, freeBytes } from "../machine.ts";
import { namesWorthALook } from "../names.ts";
import { operation } from "../operation.ts";

const finding = z.object({ about: z.string(), level: z.enum(["error", "warning", "note"]), finding: z.string() });
type Finding = z.output<typeof finding>;

export const check = operation({
  name: "check",
  help: "what deserves a look: policy, certificate, disk, clock, queue, addresses and names",
  input: z.strictObject({ dns: z.boolean().optional() }),
  output: z.array(finding),
  worksAtRest: true,
  async run(context, { dns }) {
    const found = await Promise.all([
      aboutPolicy(context),
      aboutCertificate(context),
      aboutDisk(context.config),
      aboutClock(context),
      aboutQueue(context),
      aboutDirectories(context.config),
      ...(dns === true ? [aboutNames(context)] : []),
    ]);
    return [...aboutConfig(context.config), ...found.flat(), ...aboutDiscovery(context)];
  },
});

async function aboutPolicy({ policy, store, clock, flushJournal }: AdminContext): Promise<Finding[]> {
  await flushJournal();
  const [forwards, isLoose, { lastUsed, since }] = await Promise.all([
    forwardsPackets(),
    filtersLoosely(),
    lastUseOfGrants(store),
  ]);
  return checkPolicy(policy.current().policy, {
    now: clock.now(),
    lastUsed,
    journalSince: since ?? clock.now(),
    forwardsPackets: forwards === true || isLoose === true,
  }).map(({ about, warning }) => ({
    about: `policy: ${about}`,
    level: warning.startsWith("OPEN RELAY") ? "error" : "warning",
    finding: warning,
  }));
}

/** Whether each directory can be asked at all. */
async function aboutDirectories({ ldap }: Config): Promise<Finding[]> {
  const { openLdap } = await import("../../ldap/connection.ts");
  const findings = await Promise.all(
    ldap.map(async (server): Promise<Finding[]> => {
      try {
        const connection = await openLdap(server);
        await connection.search(filterFor(server.filter, { localPart: "postmaster", domain: "example.com" }));
        connection.close();
        return [];
      } catch (error) {
        const finding = `cannot be asked: ${error instanceof Error ? error.message : String(error)}`;
        return [{ about: `directory ${server.name}`, level: "error", finding }];
      }
    }),
  );
  return findings.flat();
}

function aboutConfig({ hostname, listeners, dns }: Config): Finding[] {
  const found: Finding[] = [];
  if (!hostname.includes(".")) {
    const words = "is no full name: other servers will not like it. Set hostname in the boot file";
    found.push({ about: hostname, level: "warning", finding: words });
  }
  if (listeners.every(({ address }) => isLoopback(address))) {
    found.push({ about: "listeners", level: "note", finding: "only this machine can reach them" });
  }
  for (const { name, allowClearAuth } of listeners) {
    if (allowClearAuth) found.push({ about: name, level: "warning", finding: "passwords may pass without TLS" });
  }
  return [...found, ...aboutServers(dns)];
}

function aboutServers({ servers, trusted = [] }: Config["dns"]): Finding[] {
  const say = (level: Finding["level"], words: string): Finding => ({ about: "dns", level, finding: words });
  const asked = servers.flatMap((text) => parseNameServer(text)?.ip ?? []);
  return [
    ...(servers.length > 0 ? [say("note", `names are looked up at ${servers.join(", ")}`)] : []),
    ...trusted
      .filter((ip) => !isLoopback(ip))
      .map((ip) => say("note", `${formatIp(ip)} is believed about DNSSEC: nobody else may answer in its place`)),
    ...(servers.length === 0 ? [] : trusted)
      .filter((ip) => !asked.some((one) => isSameIp(one, ip)))
      .map((ip) => say("warning", `${formatIp(ip)} is trusted, but is none of the servers that are asked`)),
  ];
}

/** Nobody reads the records of a thousand domains. */
const mostDomainsTold = 20;

/** What to publish so that mail programs find their settings (RFC 6186); only machines that others reach are worth a record. */
function aboutDiscovery({ config, policy }: AdminContext): Finding[] {
  const reached = config.listeners.filter(({ address }) => !isLoopback(address));
  const services = servicesOf(config.hostname, reached);
  if (services.length === 0) return [];
  const ours = policy.current().policy.routing.entries.filter(({ route }) => route.kind === "inbound");
  return ours.slice(0, mostDomainsTold).map(({ form: { domain } }) => ({
    about: domain,
    level: "note",
    finding: `mail programs set themselves up by these records: ${srvRecords(domain, services).join("; ")}`,
  }));
}

const soon = 21 * 86_400_000;

async function aboutCertificate({ config, clock }: AdminContext): Promise<Finding[]> {
  const file = config.tls.certificate ?? join(config.data, "certificate.pem");
  const certificate = await certificateIn(file);
  if (certificate === null) {
    if (config.tls.certificate === undefined) return []; // It is made at the first start.
    return [{ about: file, level: "error", finding: "holds no certificate that can be read" }];
  }
  const say = (level: Finding["level"], words: string): Finding => ({ about: file, level, finding: words });
  return [
    ...ending(certificate, clock.now()).map((words) => say(words.startsWith("ends") ? "warning" : "error", words)),
    ...(certificate.checkHost(config.hostname) === undefined
      ? [say("warning", `is not for ${config.hostname}: clients that verify will refuse it`)]
      : []),
    ...(certificate.checkIssued(certificate)
      ? [say("note", "is self-signed: clients have to be told to trust it")]
      : []),
  ];
}

function ending({ validTo }: X509Certificate, now: number): string[] {
  const left = Date.parse(validTo) - now;
  if (left <= 0) return [`ran out (${validTo})`];
  return left < soon ? [`ends in ${formatDuration(Math.floor(left / 3_600_000) * 3_600_000)}`] : [];
}

async function aboutDisk({ data, disk }: Config): Promise<Finding[]> {
  const free = await freeBytes(data);
  if (free === null) return [{ about: data, level: "error", finding: "its disk cannot be looked at" }];
  const words = `${roundSize(free)} are free, ${roundSize(disk.reserve)} are kept in reserve`;
  if (free < disk.reserve) return [{ about: data, level: "error", finding: `${words}: new mail is put off` }];
  return free < 5 * disk.reserve ? [{ about: data, level: "warning", finding: words }] : [];
}

/** What was found damaged and set aside (field case O-33). */
async function aboutQueue({ store, config }: AdminContext): Promise<Finding[]> {
  const [rows, files] = await Promise.all([store.read(countSetAside), filesInQuarantine(config.data)]);
  const recipients = Number(rows[0]?.["recipients"] ?? 0);
  const found: Finding[] = [];
  if (recipients > 0) {
    const words = `${recipients} waiting recipients are set aside, because their message is damaged: see queue list`;
    found.push({ about: "the queue", level: "error", finding: words });
  }
  if (files > 0) {
    const words = `${files} files that no message names are kept there, each for a week`;
    found.push({ about: join(config.data, "quarantine"), level: "note", finding: words });
  }
  return found;
}

async function aboutClock({ store, clock }: AdminContext): Promise<Finding[]> {
  const behind = Number(settingOf(await store.read(readSetting(highestTime))) ?? 0) - clock.now();
  if (behind <= 5 * 60_000) return [];
  const words = `is ${formatDuration(Math.floor(behind / 1000) * 1000)} behind the highest time seen: grants that end are not honoured`;
  return [{ about: "the clock", level: "error", finding: words }];
}

async function aboutNames({ config, policy, store, clock }: AdminContext): Promise<Finding[]> {
  const found = await namesWorthALook({
    policy: policy.current().policy,
    resolver: systemResolver({ ...config.dns, timeoutMs: config.dns.timeout, clock }),
    own: new Set([config.hostname, ...config.ownNames]),
    written: await domainsWrittenTo(store),
  });
  return found.map((one) => ({ ...one, level: "warning" }));
}
