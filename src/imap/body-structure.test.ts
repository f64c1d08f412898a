import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StructureReader } from "../message/structure-reader.ts";
import { digestOf } from "./digest.ts";

function digest(message: string): { readonly envelope: string; readonly structure: string } {
  const reader = new StructureReader();
  reader.push(Buffer.from(message.replaceAll("\n", "\r\n"), "latin1"));
  const { envelope, structure } = digestOf(reader.finish());
  return { envelope: envelope.toString("latin1"), structure: structure.toString("latin1") };
}

describe("ENVELOPE", () => {
  const table: Record<string, [header: string, envelope: string]> = {
    "the example of RFC 9051 §7.5.2": [
      `Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev2 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@JCK.COM>
Message-Id: <B27397-0100000@cac.washington.edu>
`,
      '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "JCK.COM")) NIL NIL "<B27397-0100000@cac.washington.edu>")',
    ],
    "nothing at all": ["X: y\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"],
    "empty fields": [
      "Subject:\nFrom: a@b.test\nSender: \nReply-To:\nTo:\nDate:\n",
      '("" "" ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) NIL NIL NIL NIL NIL)',
    ],
    "folded, and fields that come twice": [
      "Subject: one\n two\nSubject: three\nTo: a@b.test,\n c@d.test\nTo: e@f.test\n",
      '(NIL "one two" NIL NIL NIL ((NIL NIL "a" "b.test")(NIL NIL "c" "d.test")(NIL NIL "e" "f.test")) NIL NIL NIL NIL)',
    ],
    "O-46: quotes, backslashes and 8-bit octets": [
      'Subject: draft "A" \\ 2\nIn-Reply-To: <a"b@example.org>\nMessage-ID: Pr\xfcfung\nDate: a\0b\rc\n',
      '({4}\r\nab\rc "draft \\"A\\" \\\\ 2" NIL NIL NIL NIL NIL NIL "<a\\"b@example.org>" {7}\r\nPr\xfcfung)',
    ],
    "O-53: encoded words stay as they are": [
      "From: =?ISO-8859-1?Q?Vogel=2C_J=FCrgen?= <m@example.org>\nSubject: =?UTF-8?Q?caf=C3?= =?UTF-8?Q?=A9?= ok\n",
      '(NIL "=?UTF-8?Q?caf=C3?= =?UTF-8?Q?=A9?= ok" (("=?ISO-8859-1?Q?Vogel=2C_J=FCrgen?=" NIL "m" "example.org")) (("=?ISO-8859-1?Q?Vogel=2C_J=FCrgen?=" NIL "m" "example.org")) (("=?ISO-8859-1?Q?Vogel=2C_J=FCrgen?=" NIL "m" "example.org")) NIL NIL NIL NIL NIL)',
    ],
  };
  for (const [name, [header, envelope]] of Object.entries(table))
    it(name, () => assert.equal(digest(`${header}\nbody\n`).envelope, envelope));
});

describe("BODYSTRUCTURE", () => {
  const table: Record<string, [message: string, structure: string]> = {
    "nothing said": ["\nhello\n", '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1 NIL NIL NIL NIL)'],
    "O-46: the header of the case": [
      'Content-Type: application/pdf; name="Pr\xfcfung.pdf"\nContent-Description: draft "A" \\ 2\nContent-ID: <a"b@example.org>\nContent-Transfer-Encoding: BASE64\n\nQQ==\n',
      '("application" "pdf" ("name" {11}\r\nPr\xfcfung.pdf) "<a\\"b@example.org>" "draft \\"A\\" \\\\ 2" "base64" 6 NIL NIL NIL NIL)',
    ],
    "all the fields there are": [
      "Content-Type: TEXT/HTML; Charset=UTF-8\nContent-Transfer-Encoding: 8bit (comment)\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\nContent-Disposition: Attachment; filename=x.html;\n size=9\nContent-Language: de, en-GB (English)\nContent-Location: http://a.test/\n b\n\nx",
      '("text" "html" ("charset" "UTF-8") NIL NIL "8bit" 1 1 "Q2hlY2sgSW50ZWdyaXR5IQ==" ("attachment" ("filename" "x.html" "size" "9")) ("de" "en-GB") "http://a.test/ b")',
    ],
    "parts, and a message in one": [
      `Content-Type: multipart/mixed; boundary="b"
Content-Language: fr

--b
Content-Type: text/x-myown; charset=us-ascii

hello

--b
Content-Type: message/rfc822

From: a@b.test
Subject: inner

one
two
--b--
`,
      '(("text" "x-myown" ("charset" "us-ascii") NIL NIL "7bit" 7 1 NIL NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 42 5 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL ("fr") NIL)'.replace(
        "42 5",
        '42 (NIL "inner" ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 8 2 NIL NIL NIL NIL) 5',
      ),
    ],
    "RFC 2231: pieces of a value": [
      'Content-Type: application/x; name*1=b; name*0=a; name*2=c; url*0="x y"\n\nx',
      '("application" "x" ("name" "abc" "url" "x y") NIL NIL "7bit" 1 NIL NIL NIL NIL)',
    ],
    "RFC 2231: pieces with a charset stay encoded": [
      "Content-Type: application/x; title*0*=utf-8'en'%C3%A9; title*1=\" b%\"; title*2*=%20c; one*=utf-8''%C3%A9\n\nx",
      `("application" "x" ("title*" "utf-8'en'%C3%A9%20b%25%20c" "one*" "utf-8''%C3%A9") NIL NIL "7bit" 1 NIL NIL NIL NIL)`,
    ],
    "parameters as people write them": [
      'Content-Type: application/x; name=my file (1).pdf ; =x; y; z=1;; boundary="no end\n\nx',
      '("application" "x" ("name" "my file" "z" "1" "boundary" "no end") NIL NIL "7bit" 1 NIL NIL NIL NIL)',
    ],
    "a type that cannot be read": [
      "Content-Type: text\nContent-Transfer-Encoding:\n\nx",
      '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 1 NIL NIL NIL NIL)',
    ],
    "no boundary, as with no parts: an empty text": [
      "Content-Type: multipart/mixed\n\nx\n",
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)',
    ],
    "a message that is encoded is no message here": [
      "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nUw==\n",
      '("application" "octet-stream" NIL NIL NIL "base64" 6 NIL NIL NIL NIL)',
    ],
    "a disposition that cannot be read, and languages that are none": [
      "Content-Type: image/x\nContent-Disposition: ;\nContent-Language: ,\n\nx",
      '("image" "x" NIL NIL NIL "7bit" 1 NIL NIL NIL NIL)',
    ],
  };
  for (const [name, [message, structure]] of Object.entries(table))
    it(name, () => assert.equal(digest(message).structure, structure));

  it("O-54: stays small, whatever the headers hold", () => {
    const part = `--b\nContent-Type: message/rfc822\n\nTo: ${"a@b,".repeat(4_000)}\n\n`;
    const { structure } = digest(`Content-Type: multipart/mixed; boundary=b\n\n${part.repeat(200)}`);
    assert.ok(structure.length < 1_500_000, `${structure.length}`);
    assert.match(structure, /\("application" "octet-stream" NIL NIL NIL "7bit" \d+ NIL NIL NIL NIL\) "mixed"/);
    const many = digest(`Content-Type: multipart/mixed; boundary=b\n\n${"--b\n\n".repeat(20_000)}`);
    assert.ok(many.structure.length < 2_000_000, `${many.structure.length}`);
  });
});
