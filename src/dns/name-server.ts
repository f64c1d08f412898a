import { formatIp, parseIp } from "../address/ip.ts";
import type { Ip } from "../address/address.ts";

/** A recursive server that we ask. */
export type NameServer = { readonly ip: Ip; readonly address: string; readonly port: number };

const usualPort = 53;

/** "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353", "fe80::53%eth0"; `null` for all else. */
export function parseNameServer(text: string): NameServer | null {
  const alone = parseIp(text);
  if (alone !== null) return { ip: alone, address: text, port: usualPort };
  const [, six, four, digits] = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9.]{7,15}))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? usualPort : Number(digits);
  const ip = parseIp(six ?? four ?? "");
  if (ip === null || port < 1 || port > 65_535 || (six !== undefined && !six.includes(":"))) return null;
  return { ip, address: formatIp(ip), port };
}

/** "192.0.2.53", "[2001:db8::53]:5353". */
export function formatNameServer({ address, port }: NameServer): string {
  if (port === usualPort) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The name servers of resolv.conf(5). Its search list and options are not ours: mail knows only whole names. */
export function readResolvConf(text: string): readonly NameServer[] {
  return text
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .flatMap((address) => (address === undefined ? [] : (parseNameServer(address) ?? [])));
}
