import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { replyOctets } from "../../testing/dns-server.ts";
import { formatQuestion, isReplyTo, type Question } from "./question.ts";
import { readReply } from "./reply.ts";

const question: Question<"MX"> = { name: "a.test", type: "MX" };
const query = formatQuestion(question, { id: 7, edns: true });

test("a question is small, wants recursion and the verdict, and says how much fits", () => {
  assert.equal(
    query.toString("hex"),
    // Number, RD and AD, one question, one additional; a.test MX IN; OPT with 1232 octets.
    "0007" +
      "0120" +
      "0001000000000001" +
      "0161047465737400" +
      "000f0001" +
      "00" +
      "0029" +
      "04d0" +
      "00000000" +
      "0000",
  );
});

/** A true answer, with parts of which some are somebody else's, in any order. */
const record = fc.oneof(
  fc.record({
    type: fc.constant("MX" as const),
    name: fc.constantFrom("a.test", "A.TEST", "b.test", "."),
    ttl: fc.nat(0xffff_ffff),
    data: fc.record({ preference: fc.nat(65_535), exchange: fc.constantFrom(".", "mx.a.test", "MX.test", "ü.test") }),
  }),
  fc.record({
    type: fc.constant("CNAME" as const),
    name: fc.constantFrom("a.test", "b.test", "c.test"),
    ttl: fc.nat(1_000),
    data: fc.constantFrom("a.test", "b.test", "c.test", "."),
  }),
  fc.record({ type: fc.constant("A" as const), name: fc.constant("a.test"), data: fc.constant("192.0.2.1") }),
  fc.record({
    type: fc.constant("TXT" as const),
    name: fc.constant("a.test"),
    data: fc.uint8Array({ maxLength: 50 }).map((octets) => Buffer.from(octets)),
  }),
);
const records = fc.array(record, { maxLength: 6 });
const reply = fc
  .record({ answers: records, authorities: records, additionals: records, rcode: fc.nat(15), flags: fc.nat(0x7ff) })
  .map(({ flags, ...parts }) => replyOctets({ id: 7, questions: [question], flags: flags & ~0xf, ...parts }));
const damage = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 8 });

function assertSound(octets: Buffer): void {
  if (!isReplyTo(query, octets)) return;
  const said = readReply(octets, question);
  if (!("records" in said)) return;
  assert.ok(said.records.length > 0 && said.keepSeconds >= 0 && said.keepSeconds <= 0x7fff_ffff);
  for (const { preference, exchange } of said.records) {
    assert.ok(Number.isInteger(preference) && preference >= 0 && preference <= 65_535);
    assert.ok(exchange.length <= 255 && !/[A-Z]/.test(exchange));
  }
}

test("whatever comes, a reply is read without throwing, and what is read is sound", () => {
  fc.assert(
    fc.property(reply, damage, fc.nat(700), (octets, damages, end) => {
      for (const [at, octet] of damages) if (at < octets.length) octets[at] = octet;
      assertSound(octets);
      assertSound(octets.subarray(0, Math.min(end, octets.length)));
    }),
    { numRuns: 3_000 },
  );
  const head = query.subarray(2, 24);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(5), (octets, count) => {
      const packet = Buffer.concat([Buffer.from([0, 7]), head, octets]);
      packet.writeUInt16BE(0x8180, 2);
      packet.writeUInt16BE(count, 6);
      packet.writeUInt16BE(0, 10);
      assertSound(packet);
    }),
    { numRuns: 3_000 },
  );
});

test("an answer of more records than a real one has is not read", () => {
  const answers = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      type: "MX" as const,
      name: "a.test",
      ttl: 1,
      data: { preference: n, exchange: "mx.a.test" },
    }));
  const said = (count: number) =>
    readReply(replyOctets({ id: 7, questions: [question], answers: answers(count) }), question);
  assert.ok("records" in said(500));
  assert.deepEqual(said(501), { failed: "malformed" });
});

test("names that point at each other cost little", () => {
  // A record whose data is a long chain of pointers, and as many records as are read whose names begin at its end.
  const chain = Buffer.alloc(40_000);
  const start = 24 + 12;
  for (let at = 0; at < chain.length; at += 2) {
    chain.writeUInt16BE(0xc000 | (at === 0 ? 12 : Math.min(start + at - 2, 0x3fff)), at);
  }
  const first = Buffer.from("c00c" + "000a" + "0001" + "00000000" + "9c40", "hex");
  const more = Buffer.from("ffff" + "000f" + "0001" + "00000000" + "0004" + "0000" + "ffff", "hex");
  const last = 0xc000 | 0x3ffe;
  more.writeUInt16BE(last, 0);
  more.writeUInt16BE(last, 14);
  const octets = Buffer.concat([query.subarray(0, 24), first, chain, ...Array.from({ length: 499 }, () => more)]);
  octets.writeUInt16BE(0x8180, 2);
  octets.writeUInt16BE(500, 6);
  octets.writeUInt16BE(0, 10);
  assert.ok(isReplyTo(query, octets));
  const began = process.cpuUsage();
  const said = readReply(octets, question);
  const { user } = process.cpuUsage(began);
  assert.ok("failed" in said || "records" in said);
  assert.ok(user < 1_000_000, `${user / 1000} ms`);
});
