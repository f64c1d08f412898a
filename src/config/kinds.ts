import { z } from "zod";
import { formatIp, parseIp } from "../address/ip.ts";
import { setOfCidr } from "../address/ip-set.ts";
import type { IpSet } from "../address/ip-set.ts";
import type { Ip, Refusal } from "../address/address.ts";
import { parseDuration } from "./duration.ts";
import type { Milliseconds } from "./duration.ts";
import { parseSize } from "./size.ts";
import type { Octets } from "./size.ts";

/** A block of addresses as the boot file names it, with the set that it means. */
export type Network = { readonly text: string; readonly ip: Ip; readonly prefix: number; readonly set: IpSet };

/** The kinds of values of the boot file: text that one of our own strict parsers reads. `called` is for the reference page. */
function textOf<T>(parse: (text: string) => T | Refusal, called: string) {
  return z
    .string()
    .transform((text, context): T => {
      const value = parse(text);
      if (!isRefusal(value)) return value;
      context.addIssue({ code: "custom", message: `${JSON.stringify(text)} ${value.refused}` });
      return z.NEVER;
    })
    .meta({ called });
}

export const duration = () => textOf<Milliseconds>(parseDuration, "duration");

export const size = () => textOf<Octets>(parseSize, "size");

export const ipAddress = () => textOf<Ip>((text) => parseIp(text) ?? { refused: "is not an IP address" }, "IP address");

export const network = () => textOf<Network>(parseNetwork, "IP address or block");

/** A count or a number: always whole. */
export const wholeNumber = (from: number, to: number) =>
  z
    .int()
    .min(from)
    .max(to)
    .meta({ called: `${from} to ${to}` });

/** A host name as it is announced: labels of letters, digits and hyphens (RFC 5321 §2.3.5). */
export const hostName = () => textOf<string>(parseHostName, "host name");

function parseHostName(text: string): string | Refusal {
  const name = text.toLowerCase();
  const isName =
    name.length <= 253 && name.split(".").every((label) => /^[a-z0-9-]{1,63}$/.test(label) && !/^-|-$/.test(label));
  return isName ? name : { refused: "is not a host name: write one like mx.example.com, in ASCII (xn--…)" };
}

function parseNetwork(text: string): Network | Refusal {
  const [address = "", length, ...more] = text.trim().split("/");
  const ip = parseIp(address);
  const widest = ip?.family === 4 ? 32 : 128;
  const prefix = length === undefined ? widest : /^[0-9]{1,3}$/.test(length) ? Number(length) : NaN;
  if (ip === null || more.length > 0 || !(prefix <= widest)) {
    return { refused: "is not an IP address or a block like 10.0.0.0/8 or 2001:db8::/32" };
  }
  const set = setOfCidr(ip, prefix);
  const first = set.ipv4[0]?.first ?? set.ipv6[0]?.first;
  if (first !== ip.value) return { refused: `has bits outside of the first ${prefix}: is a host meant, or a block?` };
  return { text: `${formatIp(ip)}/${prefix}`, ip, prefix, set };
}

function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}
