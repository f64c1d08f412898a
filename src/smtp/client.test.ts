import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClientReplyDecoder, type DecodedReply } from "./client-reply-decoder.ts";
import { ContentDecoder } from "./content-decoder.ts";
import { DotStuffer } from "./dot-stuffing.ts";

function decode(text: string, cut: number): DecodedReply[] {
  const decoder = new ClientReplyDecoder();
  const replies: DecodedReply[] = [];
  for (let at = 0; at < text.length; at += cut)
    replies.push(...decoder.push(Buffer.from(text.slice(at, at + cut), "latin1")));
  return replies;
}

test("replies are the same however they are cut", () => {
  const text = "220 mx ready\r\n250-mx\r\n250-SIZE 10\r\n250 PIPELINING\r\n550 5.1.1 no\r\n451 5.1.1 odd\r\n354\r\n";
  for (let cut = 1; cut <= text.length; cut++) {
    assert.deepEqual(
      decode(text, cut).map((reply) => [reply?.code, reply?.status, reply?.lines.length]),
      [
        [220, null, 1],
        [250, null, 3],
        [550, "5.1.1", 1],
        [451, null, 1],
        [354, null, 1],
      ],
    );
  }
});

for (const text of [
  "HTTP/1.1 400 Bad\r\n",
  "250-a\r\n251 b\r\n",
  "99 x\r\n",
  "x".repeat(5000),
  "250-a\r\n".repeat(300),
]) {
  test(`nonsense is told once and ends the trust: ${text.slice(0, 20)}`, () => {
    const replies = decode(text + "\r\n250 ok\r\n", 1000);
    assert.deepEqual(replies, [null]);
  });
}

test("any bytes as replies", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void new ClientReplyDecoder().push(Buffer.from(octets))),
  );
});

test("what is stuffed and cut anyhow is decoded to itself, with one CRLF at its end", () => {
  const part = fc.constantFrom(".", "\r\n", "a", "..", ".\r\n", "\r\n.", "text");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), (parts, cut) => {
      const content = parts.join("");
      const stuffer = new DotStuffer();
      const wire: Buffer[] = [];
      for (let at = 0; at < content.length; at += cut)
        wire.push(...stuffer.push(Buffer.from(content.slice(at, at + cut))));
      wire.push(...stuffer.finish());
      const decoder = new ContentDecoder({ maxSize: 0, bareLineEnds: "refuse" });
      const { pieces, ended, rest } = decoder.push(Buffer.concat(wire));
      assert.ok(ended && rest?.length === 0);
      assert.equal(
        Buffer.concat(pieces).toString(),
        content === "" || content.endsWith("\r\n") ? content : `${content}\r\n`,
      );
    }),
  );
});
