import type { DocumentNode } from "../../src/policy/document-tree.ts";
import assert from "node:assert/strict";
import { emptySet } from "../../src/address/ip-set.ts";
import { formatAddress, parseAddress } from "../../src/address/path.ts";
import { readDialogue } from "../../src/cli/dialogue-file.ts";
import { formatDuration, parseDuration } from "../../src/config/duration.ts";
import { isConfig, readConfig } from "../../src/config/read.ts";
import { formatSize, parseSize } from "../../src/config/size.ts";
import { parseToml } from "../../src/config/toml.ts";
import { formatToml, writtenConfig } from "../../src/config/written.ts";
import { decodeUtf8Address, encodeUtf8Address } from "../../src/dsn/utf8-address.ts";
import { printable, printableJson } from "../../src/events/escape.ts";
import { addressesIn } from "../../src/message/address-list.ts";
import { parseContentType, parseEncoding } from "../../src/message/content-type.ts";
import { formatDate, parseDate } from "../../src/message/date.ts";
import { endOfHeader, readHeader, valueOf } from "../../src/message/header.ts";
import { surveyEightBit, toSevenBit } from "../../src/message/seven-bit.ts";
import { isPolicy, parsePolicy } from "../../src/policy/document.ts";
import { formatDomainForm, parseDomainForm } from "../../src/policy/domain-forms.ts";
import { parseExpiry } from "../../src/policy/expiry.ts";
import type { PolicyContext } from "../../src/policy/context.ts";
import { formatProblem, ProblemReport } from "../../src/policy/problems.ts";
import { readYaml } from "../../src/policy/yaml.ts";
import { HeaderCollector } from "../../src/reception/header-gate.ts";
import { idOfRef, refOf } from "../../src/store/ref.ts";
import type { Target } from "../../testing/fuzz.ts";

const context: PolicyContext = {
  listeners: [
    { name: "relay", kind: "relay" },
    { name: "submission", kind: "submission" },
  ],
  ownAddresses: emptySet,
  translationPrefixes: emptySet,
  directories: null,
};

const policy = `routing:
  - { sent-to: "#example.test", route: inbound }
  - { sent-to: branch.test, route: gateway, host: mail.branch.test, port: 25, tls: require }
  - { sent-to: "#ms.test", route: reroute, domain: example.test }
default-route: { via: smart-host, host: out.test, account: us }
relay:
  authenticated: true
  addresses:
    - { id: scanners, match: 10.2.0.0/24, owner: facilities, expires: 2027-06-30, to: ["#example.net"] }
  never:
    - { id: guests, match: "IP=10.9.0.0, MASK=255.255.0.0" }
connections: { reject: [ 192.0.2.0/24 ], default: accept }
`;
const simpleLines = `routing:\n${Array.from({ length: 20 }, (_, at) => `  - { sent-to: "#d${at}.test", route: inbound }\n`).join("")}`;
const policyWords = [
  "routing:",
  "relay:",
  "addresses:",
  "never:",
  "- ",
  "{ ",
  " }",
  ": ",
  ", ",
  "#",
  '"',
  "'",
  "|",
  ">",
  "&a ",
  "*a",
  "!!str ",
  "<<: ",
  "---\n",
  "\n  ",
  "  ",
  "inbound",
  "gateway",
  "[",
  "]",
  "?",
  "%YAML 1.2\n",
  "id: x",
  "match: 10.0.0.0/8",
];

const boot = `hostname = "mx.example.test"
own-addresses = ["192.0.2.1"]
[[listener]]
name = "relay"
kind = "relay"
port = 0
[limits]
message-size = "25 MB"
[timeouts]
command = "5 min"
[queue]
retry = ["5 min", "1 h"]
`;
const bootWords = [
  "[[listener]]\n",
  "[limits]\n",
  "=",
  '"',
  "'''",
  '"""',
  "{",
  "}",
  "[",
  "]",
  ",",
  "\n",
  "0x",
  "1e9",
  "nan",
  "1979-05-27",
  "__proto__",
  "constructor",
  ".",
  "true",
  "_",
  "#",
  '"5 min"',
  '"25 MB"',
  "\\u0000",
];

const header =
  "From: Anna <anna@example.test>\r\nTo: a@b.test,\r\n c@d.test\r\nDate: Wed, 25 Nov 2026 08:00:00 +0100\r\n\r\nbody\r\n";
const mime =
  'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--b--\r\n';

async function* stream(octets: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

/** A tree with its lists as they are walked: long ones are read anew at each walk. */
function walked(node: DocumentNode | null): unknown {
  if (node?.kind === "list") return { ...node, items: Array.from(node.items, walked) };
  if (node?.kind !== "map") return node;
  return { ...node, pairs: node.pairs.map((pair) => ({ ...pair, value: walked(pair.value) })) };
}

export const textTargets: readonly Target[] = [
  {
    name: "policy document",
    seeds: [policy, simpleLines, "", "relay: { open-relay: true, addresses: [ { id: all, match: 0.0.0.0/0 } ] }"],
    words: policyWords,
    check(text) {
      const read = parsePolicy(text, context);
      if (isPolicy(read)) return;
      assert.ok(read.length > 0);
      for (const problem of read) {
        const text = formatProblem(problem);
        assert.ok(text.length < 2_000, "a problem of more than 2,000 characters");
        assert.doesNotMatch(text, /\p{Cc}/u);
      }
    },
  },
  {
    name: "simple lines of a policy",
    seeds: [simpleLines, `${simpleLines}relay: { authenticated: true }\n`],
    words: policyWords,
    check(text) {
      const report = new ProblemReport(text);
      const whole = readYaml(text, report, Infinity);
      const quick = readYaml(text, new ProblemReport(text), 0);
      assert.deepEqual(walked(quick), walked(whole), "read in another way without the library");
    },
  },
  {
    name: "domain form",
    seeds: ["#example.test", "example.test", " x.test. "],
    words: ["#", ".", "*", "xn--", " ", "test"],
    check(text) {
      const form = parseDomainForm(text);
      if (!("refused" in form)) assert.deepEqual(parseDomainForm(formatDomainForm(form)), form);
    },
  },
  {
    name: "expiry",
    seeds: ["2027-06-30", "2027-06-30T12:00:00+02:00", "2028-02-29T23:59Z"],
    words: ["-", "T", ":", "Z", "+", "00", "99", "."],
    check(text) {
      const expiry = parseExpiry(text);
      if (!("refused" in expiry))
        assert.ok(Number.isSafeInteger(Math.round(expiry.at)) && !Number.isNaN(new Date(expiry.at).getTime()));
    },
  },
  {
    name: "TOML",
    seeds: [boot],
    words: bootWords,
    check(text) {
      const document = parseToml(text);
      if ("problem" in document) {
        assert.match(document.problem, /^\P{Cc}{1,2000}$/u);
        assert.ok(document.at.line >= 1 && document.at.column >= 1);
      }
      assert.equal(Object.getPrototypeOf({}), Object.prototype);
      assert.equal(Object.keys(Object.prototype).length, 0, "a key went into every object");
    },
  },
  {
    name: "boot file",
    seeds: [boot],
    words: bootWords,
    check(text) {
      const read = (text: string) =>
        readConfig({ file: { path: "/b/gatepost.toml", text }, environment: {}, machineName: "m.test", folder: "/b" });
      const config = read(text);
      if (!isConfig(config)) return assert.ok(config.length > 0);
      const again = read(formatToml(writtenConfig(config)));
      if (!isConfig(again)) assert.fail(JSON.stringify(again));
      assert.deepEqual(again, config);
    },
  },
  {
    name: "duration",
    seeds: ["5 min", "1 h 30 min", "250 ms", "2 days"],
    words: [" ", "min", "h", "days", "s", "ms", "9", "0", "."],
    check(text) {
      const length = parseDuration(text);
      if (typeof length === "number") assert.equal(parseDuration(formatDuration(length)), length);
    },
  },
  {
    name: "size",
    seeds: ["25 MB", "10 MiB", "1 B"],
    words: [" ", "MB", "KiB", "9", "0", "."],
    check(text) {
      const size = parseSize(text);
      if (typeof size === "number" && size > 0) assert.equal(parseSize(formatSize(size)), size);
    },
  },
  {
    name: "header",
    seeds: [header, "\r\n", "Subject:x"],
    words: [":", "\r\n", "\r\n ", "\n", "\r\n\r\n", "From:", " :", "\t"],
    check(text) {
      const octets = Buffer.from(text, "latin1");
      let at = 0;
      for (const field of readHeader(octets)) {
        assert.equal(field.start, at);
        assert.ok(field.valueStart > field.start && field.end >= field.valueStart);
        assert.ok(!/[\r\n]\n/.test(valueOf(octets, field)));
        at = field.end;
      }
      assert.ok(at <= endOfHeader(octets) && endOfHeader(octets) <= at + 2);
      const blank = `\r\n${octets.toString("latin1")}`.indexOf("\r\n\r\n");
      const collector = new HeaderCollector();
      let taken = 0;
      while (taken < octets.length && !collector.add(octets.subarray(taken, ++taken)));
      assert.equal(taken, blank < 0 ? octets.length : blank + 2, "the blank line is somewhere else");
    },
  },
  {
    name: "address list",
    seeds: ['Anna <anna@example.test>, "B, C" <b@c.test> (comment), group: d@e.test;, f@g.test'],
    words: ["<", ">", "(", ")", '"', "\\", ",", ";", ":", "=?utf-8?q?x?=", "a@b.test"],
    check(text) {
      const addresses = addressesIn(text);
      if ("refused" in addresses) return;
      for (const address of addresses) {
        assert.deepEqual(parseAddress(formatAddress(address), { kind: "reverse", allowsUtf8: true }), address);
      }
    },
  },
  {
    name: "date",
    seeds: ["Wed, 25 Nov 2026 08:00:00 +0100", "1 Jan 70 00:00 GMT"],
    words: ["Nov", "+0000", "GMT", ":", " ", ",", "99", "0"],
    check(text) {
      const at = parseDate(text);
      if (at === null) return;
      assert.ok(!Number.isNaN(at));
      if (at >= 0 && at < Date.UTC(9999, 0)) assert.equal(parseDate(formatDate(at)), at);
    },
  },
  {
    name: "content type",
    seeds: ['multipart/mixed; boundary="b"', "text/plain; charset*0*=utf-8''x; charset*1=y (comment)"],
    words: [";", "=", '"', "\\", "*0*=", "(", ")", "/", "boundary"],
    check(text) {
      const type = parseContentType(text);
      if (type !== null) assert.equal(type.type, type.type.toLowerCase());
      parseEncoding(text);
    },
  },
  {
    name: "conversion to 7 bit",
    seeds: [mime, "Subject: \xff\r\n\r\n\xff\xfe\r\n"],
    words: [
      "--b",
      "--b--",
      "\r\n",
      "\r\n\r\n",
      "Content-Type: ",
      "multipart/mixed; boundary=b",
      "Content-Transfer-Encoding: base64",
      "message/rfc822",
      "\xff",
      "\x00",
      "=",
    ],
    async check(text) {
      const octets = Buffer.from(text, "latin1");
      const survey = await surveyEightBit(stream(octets, 4_096));
      if (survey.obstacle !== null) return;
      const results = [];
      for (const size of [4_096, 7]) {
        const pieces: Buffer[] = [];
        for await (const piece of toSevenBit(stream(octets, size), survey)) pieces.push(piece);
        results.push(Buffer.concat(pieces).toString("latin1"));
      }
      assert.equal(results[0], results[1], "another result when it is cut");
      if (!survey.inHeader) assert.doesNotMatch(results[0] ?? "", /[\x80-\xff]/);
    },
  },
  {
    name: "dialogue file",
    seeds: [
      "# Title.  RFC 1\ngiven  local a.test: b\nS: 220 ...\nC: EHLO x<CRLF>y<MORE>\nS: 250-a\nS: ...\nC: <x*600><FF>\n---- closed\nthen   nothing queued\n",
    ],
    words: [
      "given ",
      "then ",
      "C: ",
      "S: ",
      "---- ",
      "<",
      ">",
      "<x*9>",
      "...",
      "listener relay, client 1.2.3.4, tls",
      "\n",
    ],
    check(text) {
      try {
        assert.ok(readDialogue(text).turns.length > 0);
      } catch (error) {
        assert.ok(error instanceof Error && /^(?:line \d+: |no turn)/.test(error.message), String(error));
      }
    },
  },
  {
    name: "address of type utf-8",
    seeds: ["dörte@bücher.test", "a\\x{E9}b"],
    words: ["\\x{", "}", "\\x{110000}", "\\x{D800}", "\\", "+", "="],
    check(text) {
      if (text.isWellFormed()) assert.equal(decodeUtf8Address(encodeUtf8Address(text)), text);
      decodeUtf8Address(text);
    },
  },
  {
    name: "REF",
    seeds: ["R3F", "0000-1234", "oil"],
    words: ["-", "0", "O", "I", "Z", " "],
    check(text) {
      const id = idOfRef(text);
      if (id !== null) assert.equal(idOfRef(refOf(id)), id);
    },
  },
  {
    name: "text for a terminal and a log",
    seeds: ["plain", "\u001b[2J", "\u202e"],
    words: ["\u001b", "\u009b", "\r", "\n", "\u202e", "\u2066", '"', "\\"],
    check(text) {
      assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      assert.equal(typeof JSON.parse(printableJson(JSON.stringify(text))), "string");
    },
  },
];
