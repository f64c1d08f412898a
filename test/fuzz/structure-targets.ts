import assert from "node:assert/strict";
import { withoutExtensions } from "../../src/imap/bare-structure.ts";
import { digestOf } from "../../src/imap/digest.ts";
import { readAddressField } from "../../src/message/address-field.ts";
import { downgradeHeader } from "../../src/message/downgrade.ts";
import { htmlText } from "../../src/message/html-text.ts";
import { readDisposition, readMediaType } from "../../src/message/media-type.ts";
import { decodeParts, encodeParts } from "../../src/message/parts.ts";
import { previewPart, previewRange, previewText } from "../../src/message/preview.ts";
import { StructureReader } from "../../src/message/structure-reader.ts";
import type { Part } from "../../src/message/structure.ts";
import type { Target } from "../../testing/fuzz.ts";

const message =
  'From: "A, B" <a@b.test>\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\npre\r\n--b\r\nContent-Type: text/plain; charset*0*=utf-8\'\'x; charset*1=y\r\nContent-Disposition: attachment; filename="x\\"y"\r\n\r\none\r\n--b \r\nContent-Type: message/rfc822\r\n\r\nTo: g: a@b.test;\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n--c\r\n\r\nSubject: \xfc\r\n\r\ntwo\n--c--\r\n--b--\r\nepilogue\r\n';

function structureOf(octets: Buffer, cut: number): Part {
  const reader = new StructureReader();
  for (let at = 0; at < octets.length; at += cut) reader.push(Buffer.from(octets.subarray(at, at + cut)));
  return reader.finish();
}

/** Parts are inside of what holds them, in order and apart from one another. */
function checkNesting(part: Part): void {
  assert.ok(part.start <= part.bodyStart && part.bodyStart <= part.end);
  let before = part.bodyStart;
  for (const inner of part.parts) {
    assert.ok(before <= inner.start && inner.end <= part.end, "a part is outside of its place");
    before = inner.end;
    checkNesting(inner);
  }
}

/** What stands between balanced parentheses, with strings skipped by their own rules: what a client would read. */
function endOfList(octets: string): number {
  let depth = 0;
  for (let at = 0; at < octets.length; at++) {
    const character = octets.charAt(at);
    if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at + 1;
    else if (character === '"') {
      for (at++; octets.charAt(at) !== '"'; at++) {
        const octet = octets.charCodeAt(at);
        assert.ok(octet > 0 && octet < 128 && octet !== 10 && octet !== 13, "an octet that no quoted string may hold");
        if (octets.charAt(at) === "\\") assert.match(octets.charAt(++at), /["\\]/);
      }
    } else if (character === "{") {
      const [literal = "", size = ""] = /^\{(\d+)\}\r\n/.exec(octets.slice(at, at + 20)) ?? assert.fail("no literal");
      at += literal.length + Number(size) - 1;
    }
  }
  return -1;
}

export const structureTargets: readonly Target[] = [
  {
    name: "structure of a message",
    seeds: [message, message.replaceAll("\r\n", "\n"), "\r\n", "Subject: x"],
    words: [
      "--b",
      "--b--",
      "--c\r\n",
      "\r\n",
      "\n",
      "\r",
      "\r\n\r\n",
      "Content-Type: ",
      "multipart/mixed; boundary=b\r\n\r\n",
      "message/rfc822\r\n\r\n",
      "message/global",
      "Content-Transfer-Encoding: base64\r\n",
      "From: ",
      "\0",
      "\xff",
      "\xc3\xbc",
      '"',
      "\\",
      "(",
      ")",
      "{1}",
    ],
    check(text) {
      const octets = Buffer.from(text, "latin1");
      const whole = structureOf(octets, octets.length || 1);
      const { envelope, structure, parts } = digestOf(whole);
      for (const cut of [1, 7, 64])
        if (octets.length < 4_000 || cut > 7)
          assert.deepEqual(digestOf(structureOf(octets, cut)), { envelope, structure, parts });
      assert.deepEqual([whole.start, whole.end], [0, octets.length]);
      checkNesting(whole);
      assert.equal(encodeParts(decodeParts(parts)), parts);
      for (const list of [envelope, structure, withoutExtensions(structure)])
        assert.equal(endOfList(list.toString("latin1")), list.length, list.toString("latin1"));
      const part = previewPart(whole);
      if (part === null) return;
      const { from, to } = previewRange(part);
      assert.match(previewText(octets.subarray(from, to), part), /^\P{Cc}{0,200}$/u);
    },
  },
  {
    name: "address field",
    seeds: ['"A, B" <a@b.test>, c@d.test (E (f)), g: h@i.test;, <@r.test:j@k.test>'],
    words: ["<", ">", "(", ")", '"', "\\", ",", ";", ":", "@", " ", "a@b.test"],
    check(text) {
      let depth = 0;
      for (const { mailbox, host } of readAddressField(text)) {
        // Groups are whole and not inside one another.
        if (host === null) depth += mailbox === null ? -1 : 1;
        assert.ok(depth === 0 || depth === 1);
      }
      assert.equal(depth, 0);
    },
  },
  {
    name: "media type as it is shown",
    seeds: ["text/plain; charset=\"utf-8\"; name*0*=utf-8''x; name*1=y (comment)", "attachment; filename=my file.txt"],
    words: [";", "=", '"', "\\", "*0*=", "*1=", "(", ")", "/", "'", "%41"],
    check(text) {
      for (const read of [readMediaType(text), readDisposition(text)]) {
        for (const [name] of read?.parameters ?? []) assert.equal(name, name.toLowerCase());
      }
    },
  },
  {
    name: "header for clients without UTF-8",
    seeds: ["From: Jörg <jörg@b.test>\r\nSubject: ü\r\nContent-Type: text/plain; name=ü\r\n\r\n"],
    words: ["From: ", "To: ", "\r\n", "\n ", "ü", "🙂", "<", ">", '"', "(", ";", ":", "Content-Type: ", "="],
    check(text) {
      const header = Buffer.from(text);
      const once = downgradeHeader(header);
      assert.match(once.toString("latin1"), /^[\0-\x7f]*$/);
      assert.deepEqual(downgradeHeader(once), once, "what is downgraded stays");
    },
  },
  {
    name: "HTML as text",
    seeds: ["<p>a&amp;b<br>c</p><script>x</script><!-- y -->", "&#xD800;&nbsp;&"],
    words: ["<", ">", "</", "<!--", "-->", "<script>", "</script", "&", ";", "&#", "&lt;"],
    check(text) {
      assert.ok(htmlText(text).length <= text.length);
    },
  },
];
