import assert from "node:assert/strict";
import type { Refusal } from "../../src/address/address.ts";
import { displayDomain, parseDomain } from "../../src/address/domain.ts";
import { parseIp, formatIp } from "../../src/address/ip.ts";
import { parseIpEntry } from "../../src/address/ip-entry.ts";
import { equals, toCidrs, unionOf } from "../../src/address/ip-set.ts";
import { formatLiteral, parseLiteral } from "../../src/address/literal.ts";
import { formatLocalPart, readLocalPart } from "../../src/address/local-part.ts";
import { formatAddress, parseAddress, parsePath } from "../../src/address/path.ts";
import type { Target } from "../../testing/fuzz.ts";

const domains = ["example.test", "EXAMPLE.test.", "bücher.test", "xn--bcher-kva.test", "a.b-c.d0", "faß.test"];
const literals = ["[192.0.2.1]", "[IPv6:2001:db8::1]", "[IPv6:::ffff:192.0.2.1]", "[tag:text]"];
const locals = ["anna", "anna.b+c", '"anna b"', '"a\\"b\\\\c"', "dörte", "IMCEASMTP-u+40v", "u%v", "v!u"];
const pathWords = [
  "<",
  ">",
  "@",
  ":",
  ",",
  '"',
  "\\",
  "postmaster",
  "xn--",
  "IPv6:",
  "[",
  "]",
  "::",
  "@a.test,@b.test:",
];

const refuses = (read: object): read is Refusal => "refused" in read && typeof read.refused === "string";

export const addressTargets: readonly Target[] = [
  {
    name: "path",
    seeds: [
      "<anna@example.test>",
      "<>",
      "<Postmaster>",
      " <@a.test,@b.test:anna@example.test> SIZE=1",
      ...locals.map((local) => `<${local}@example.test>`),
      ...literals.map((literal) => `<u@${literal}>`),
    ],
    words: [...pathWords, ...domains, ...locals],
    check(text) {
      for (const kind of ["forward", "reverse"] as const) {
        for (const allowsUtf8 of [true, false]) {
          for (const brackets of ["required", "optional"] as const) {
            const read = parsePath(text, 0, { kind, allowsUtf8, brackets });
            if (refuses(read)) continue;
            assert.ok(read.end <= text.length && (read.end === text.length || /[ \t]/.test(text.charAt(read.end))));
            if (read.path === null) {
              assert.equal(text.slice(0, read.end).trim(), "<>");
              continue;
            }
            const written = `<${formatAddress(read.path)}>`;
            assert.deepEqual(parsePath(written, 0, { kind, allowsUtf8: true, brackets: "required" }), {
              path: read.path,
              end: written.length,
            });
          }
        }
      }
    },
  },
  {
    name: "address",
    seeds: locals.map((local) => `${local}@example.test`),
    words: [...pathWords, ...domains, ...locals],
    check(text) {
      const address = parseAddress(text, { kind: "forward", allowsUtf8: true });
      if (!refuses(address)) {
        assert.deepEqual(parseAddress(formatAddress(address), { kind: "forward", allowsUtf8: true }), address);
      }
    },
  },
  {
    name: "domain",
    seeds: domains,
    words: ["xn--", ".", "-", "test", "faß", "ΑΣ", "\u200d", "\u0301", "١", "א", "。", "ａ", ...domains],
    check(text) {
      for (const where of ["path", "document"] as const) {
        const domain = parseDomain(text, { where });
        if (typeof domain !== "string") {
          assert.ok(refuses(domain));
          continue;
        }
        assert.ok(/^[a-z0-9.-]{1,253}$/.test(domain), domain);
        assert.equal(parseDomain(domain, { where: "path" }), domain);
        assert.equal(parseDomain(displayDomain(domain), { where: "path" }), domain);
      }
    },
  },
  {
    name: "local part",
    seeds: locals,
    words: ['"', "\\", ".", "%", "@", ...locals],
    check(text) {
      const local = readLocalPart(text, 0, { allowsUtf8: true });
      if (refuses(local)) return;
      const again = readLocalPart(formatLocalPart(local.value), 0, { allowsUtf8: true });
      assert.ok(!refuses(again) && again.value === local.value && again.octets <= local.octets);
    },
  },
  {
    name: "address literal",
    seeds: literals,
    words: ["[", "]", "IPv6:", "::", "1", ".", "ffff:", "%eth0"],
    check(text) {
      const literal = parseLiteral(text);
      if (!refuses(literal)) assert.deepEqual(parseLiteral(formatLiteral(literal)), literal);
    },
  },
  {
    name: "IP address",
    seeds: ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0", "::"],
    words: ["::", ":", ".", "0", "255", "ffff", "%", "0x"],
    check(text) {
      const ip = parseIp(text);
      if (ip !== null) assert.deepEqual(parseIp(formatIp(ip)), ip);
    },
  },
  {
    name: "address entry",
    seeds: [
      "192.0.2.7",
      "192.0.2.0/24",
      "192.0.2.0/255.255.255.0",
      "192.0.2.0, MASK=255.255.255.0",
      "IP=192.0.2.0, MASK=255.255.255.0",
      "192.0.2.0;255.255.255.0",
      "192.0.2.10-192.0.2.20",
      "2001:db8::/32",
      "2001:db8::1-2001:db8::ff",
      "::/0",
    ],
    words: ["IP=", "MASK=", "/", "-", ";", ",", "::", "255", "0", "128", " "],
    check(text) {
      const entry = parseIpEntry(text);
      if (refuses(entry)) return;
      const again = parseIpEntry(entry.text);
      assert.ok(!refuses(again) && equals(again.set, entry.set) && again.text === entry.text);
      const { ipv4, ipv6 } = toCidrs(entry.set);
      const parts = [...ipv4, ...ipv6].map((cidr) => parseIpEntry(cidr));
      assert.ok(equals(unionOf(parts.flatMap((part) => (refuses(part) ? [] : [part.set]))), entry.set));
    },
  },
];
