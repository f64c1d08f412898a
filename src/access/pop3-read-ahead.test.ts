import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MessageContent } from "../imap/mail.ts";
import { Maildrop } from "../pop3/maildrop.ts";
import { MemoryMail } from "../../testing/memory-mail.ts";
import { ReadAhead } from "./pop3-read-ahead.ts";

describe("a message with UTF-8 in its header, over POP3", () => {
  const small = "From: Jörg <jörg@b.test>\r\nSubject: Grüße\r\n\r\nkäse\r\n";
  const messages = ["Subject: plain\r\n\r\nkäse\r\n", small, small + "käse\r\n".repeat(20_000)];

  async function retrieved(isUtf8: boolean): Promise<readonly string[]> {
    const mail = new MemoryMail();
    for (const message of messages) mail.deliver("INBOX", message);
    const mailbox = await mail.open("INBOX", "read-write");
    if ("refused" in mailbox) return assert.fail(mailbox.text);
    const sizes = messages.map((message) => Buffer.byteLength(message));
    const ahead = new ReadAhead(mailbox, new Maildrop(1, { uids: [1, 2, 3], sizes }), { isUtf8 });
    const texts: string[] = [];
    for (const number of [1, 2, 3]) texts.push(await textOf((await ahead.take(number)) ?? assert.fail("it is gone")));
    return texts;
  }

  async function textOf(content: MessageContent): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of content.stream({ from: 0, to: content.size })) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  it("is as it was for who said UTF8", async () => {
    assert.deepEqual(await retrieved(true), messages);
  });

  it("is a surrogate for others (RFC 6856 §3)", async () => {
    const [plain = "", ...others] = await retrieved(false);
    assert.equal(plain, messages[0]);
    for (const text of others) {
      const [header = "", body] = text.split(/(?<=\r\n\r\n)/);
      assert.match(
        header,
        /^From: =\?utf-8\?B\?\S+ <invalid@internationalized-address\.invalid>\r\nSubject: =\?utf-8\?B\?\S+\r\n\r\n$/,
      );
      assert.match(body ?? "", /^(?:käse\r\n)+$/);
    }
  });
});
