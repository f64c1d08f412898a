import { formatIp, parseIp } from "../address/ip.ts";
import type { Ip } from "../address/address.ts";
import type { Config, LdapConfig, ListenerConfig } from "./schema.ts";
import type { Path } from "./toml.ts";

/** What no single key can see: values that do not go together. */
export type Inconsistency = { readonly path: Path; readonly problem: string };

export function inconsistencies(config: Config): readonly Inconsistency[] {
  const { certificate, key } = config.tls;
  return [
    ...config.listeners.flatMap((listener, index) => ofListener(listener, index)),
    ...twice(config.listeners),
    ...config.ldap.flatMap((directory, index) => ofDirectory(directory, { index, all: config.ldap })),
    ...((certificate === undefined) !== (key === undefined)
      ? [{ path: ["tls"], problem: "tls: certificate and key come together or not at all" }]
      : []),
    ...(config.queue.retry.some((interval) => interval < 1_000)
      ? [{ path: ["queue", "retry"], problem: "queue.retry: less than a second between attempts helps nobody" }]
      : []),
    ...(config.timeouts.pop3 < 10 * 60_000
      ? [{ path: ["timeouts", "pop3"], problem: "timeouts.pop3: clients count on 10 minutes (RFC 1939 §3)" }]
      : []),
    ...(config.timeouts.imap < 30 * 60_000
      ? [{ path: ["timeouts", "imap"], problem: "timeouts.imap: clients count on 30 minutes (RFC 9051 §5.4)" }]
      : []),
  ];
}

function ofListener(listener: ListenerConfig, index: number): Inconsistency[] {
  const found: Inconsistency[] = [];
  const say = (key: string, problem: string) =>
    found.push({ path: ["listener", index, key], problem: `listener "${listener.name}": ${problem}` });
  if (listener.allowClearAuth && !isLoopback(listener.address)) {
    say("allow-clear-auth", "allow-clear-auth needs a loopback address: passwords would cross the network unprotected");
  }
  if (listener.kind === "lmtp") {
    if (!isLoopback(listener.address))
      say("address", "lmtp needs a loopback address: it is for programs on this machine");
    if (listener.auth) say("auth", "nobody logs in by lmtp");
  } else if (listener.kind !== "relay" && !listener.auth)
    say("auth", `a ${listener.kind} listener always lets accounts log in`);
  if (listener.auth && listener.tls === "none" && !listener.allowClearAuth) {
    say("tls", 'accounts log in here, so tls must be "starttls" or "implicit"');
  }
  return found;
}

function ofDirectory(
  directory: LdapConfig,
  { index, all }: { readonly index: number; readonly all: readonly LdapConfig[] },
): Inconsistency[] {
  const { name, url, tls, bindDn, passwordFile } = directory;
  const found: Inconsistency[] = [];
  const say = (key: string, problem: string) =>
    found.push({ path: ["ldap", index, key], problem: `directory "${name}": ${problem}` });
  if (all.findIndex((other) => other.name === name) < index) say("name", "comes twice");
  if ((bindDn === undefined) !== (passwordFile === undefined))
    say(bindDn === undefined ? "password-file" : "bind-dn", "bind-dn and password-file come together or not at all");
  const ip = parseIp(new URL(url).hostname.replace(/^\[|\]$/g, ""));
  const isNear = ip !== null && isLoopback(ip);
  if (bindDn !== undefined && tls === "none" && url.startsWith("ldap:") && !isNear)
    say("tls", "a password with tls none needs a loopback address: it would cross the network unprotected");
  return found;
}

function twice(listeners: readonly ListenerConfig[]): Inconsistency[] {
  const names = new Set<string>();
  const places = new Set<string>();
  return listeners.flatMap((listener, index) => {
    const place = `${formatIp(listener.address)} port ${listener.port}`;
    const isNameTaken = names.has(listener.name);
    const isPlaceTaken = listener.port !== 0 && places.has(place);
    names.add(listener.name);
    places.add(place);
    return [
      ...(isNameTaken
        ? [{ path: ["listener", index, "name"], problem: `listener "${listener.name}" comes twice` }]
        : []),
      ...(isPlaceTaken ? [{ path: ["listener", index, "port"], problem: `two listeners at ${place}` }] : []),
    ];
  });
}

export function isLoopback(ip: Ip): boolean {
  return ip.family === 4 ? ip.value >>> 24 === 127 : ip.value === 1n;
}
