import type { Ip } from "../address/address.ts";
import { parseIp } from "../address/ip.ts";
import { lowerAscii } from "./name.ts";

/** The names of hosts(5), in lower case. Lines that cannot be read are passed over, as every reader of that file does. */
export function readHostsFile(text: string): ReadonlyMap<string, readonly Ip[]> {
  const hosts = new Map<string, Ip[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = (line.split("#")[0] ?? "").split(/\s+/).filter((word) => word !== "");
    const ip = parseIp(address);
    if (ip === null) continue;
    for (const name of names.map((one) => lowerAscii(one).replace(/\.$/, ""))) {
      const known = hosts.get(name);
      if (known === undefined) hosts.set(name, [ip]);
      else known.push(ip);
    }
  }
  return hosts;
}
