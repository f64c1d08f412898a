import assert from "node:assert/strict";
import { encode, type Packet, RECURSION_AVAILABLE } from "dns-packet";
import { readHostsFile } from "../../src/dns/hosts-file.ts";
import { formatNameServer, parseNameServer, readResolvConf } from "../../src/dns/name-server.ts";
import { formatQuestion, isReplyTo } from "../../src/dns/question.ts";
import { readReply } from "../../src/dns/reply.ts";
import type { Target } from "../../testing/fuzz.ts";

const name = "example.test";
const question: Packet = { type: "response", id: 7, flags: RECURSION_AVAILABLE, questions: [{ name, type: "MX" }] };
const replies = [
  encode({
    ...question,
    answers: [{ name, type: "MX", ttl: 60, data: { preference: 10, exchange: "mx.example.test" } }],
  }),
  encode({
    ...question,
    answers: [
      { name, type: "CNAME", ttl: 60, data: "other.test" },
      { name: "other.test", type: "MX", ttl: 1, data: { preference: 0, exchange: "." } },
    ],
  }),
  encode({
    ...question,
    answers: [
      { name, type: "A", ttl: 60, data: "192.0.2.1" },
      { name, type: "AAAA", ttl: 60, data: "2001:db8::1" },
    ],
  }),
];

export const dnsTargets: readonly Target[] = [
  {
    name: "DNS reply",
    seeds: replies.map((reply) => reply.toString("latin1")),
    words: ["\xc0\x0c", "\xc0\xff", "\x3f", "\0\0\x0f\0\x01", "\xff\xff", "\x07example\x04test\0"],
    check(text) {
      const reply = Buffer.from(text, "latin1");
      const asked = { name, type: "MX" } as const;
      const query = formatQuestion(asked, { id: 7, edns: true });
      // Only what answers the question is read on.
      if (!isReplyTo(query, reply)) return;
      const said = readReply(reply, asked);
      if ("records" in said) assert.ok(said.records.length > 0 && said.keepSeconds >= 0);
      for (const type of ["A", "AAAA"] as const) readReply(reply, { name, type });
    },
  },
  {
    name: "name server",
    seeds: ["192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53"],
    words: [":", "[", "]", "65536", "%eth0"],
    check(text) {
      const server = parseNameServer(text);
      if (server !== null) assert.deepEqual(parseNameServer(formatNameServer(server)), server);
    },
  },
  {
    name: "resolv.conf and hosts",
    seeds: [
      "nameserver 192.0.2.53\nsearch a.test\noptions ndots:1\n",
      "127.0.0.1 localhost # x\n::1 ip6-localhost localhost\n",
    ],
    words: ["nameserver ", "#", ";", "\n", "\t", "127.0.0.1 ", "localhost"],
    check(text) {
      assert.ok(readResolvConf(text).length >= 0);
      for (const addresses of readHostsFile(text).values()) assert.ok(addresses.length > 0);
    },
  },
];
