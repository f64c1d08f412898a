import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { previewOf } from "./preview.ts";
import { StructureReader } from "./structure-reader.ts";

async function preview(message: string): Promise<string> {
  const bytes = Buffer.from(message.replaceAll("\n", "\r\n"));
  const reader = new StructureReader();
  reader.push(bytes);
  const structure = reader.finish();
  const source = {
    size: bytes.length,
    async *stream({ from, to }: { readonly from: number; readonly to: number }) {
      yield bytes.subarray(from, to);
    },
  };
  const inMemory = await previewOf({ ...source, bytes }, structure);
  assert.equal(await previewOf({ ...source, bytes: null }, structure), inMemory);
  return inMemory;
}

const html = (body: string) => `Content-Type: text/html; charset=utf-8\n\n${body}`;
const multipart = (subtype: string, parts: readonly string[]) =>
  `Content-Type: multipart/${subtype}; boundary=b\n\n${parts.map((part) => `--b\n${part}\n`).join("")}--b--\n`;

describe("a preview (RFC 8970)", () => {
  const table: Record<string, [message: string, text: string]> = {
    "text on one line": ["Subject: x\n\n Hello\n\n you\tthere \n", "Hello you there"],
    "at most 200 characters, none of them cut": [`\n${"🙂".repeat(300)}`, "🙂".repeat(200)],
    "quoted-printable in a charset": [
      "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe =\naus",
      "Grüße aus",
    ],
    "base64 that is cut where it is not read on": [
      `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n${Buffer.from("ü".repeat(9_000)).toString("base64")}`,
      "ü".repeat(200),
    ],
    "a code page of DOS, which TextDecoder has not": [
      "Content-Type: text/plain; charset=cp437\nContent-Transfer-Encoding: quoted-printable\n\nGr=81=E1e",
      "Grüße",
    ],
    "UTF-7": ["Content-Type: text/plain; charset=utf-7\n\nGr+APwA3w-e", "Grüße"],
    "a charset that nobody knows": ["Content-Type: text/plain; charset=x-none\n\nGrüße", "Grüße"],
    "HTML without markup, styles and scripts": [
      html(
        '<html><head><title>no</title><style>p { x: "<p>" }</style><script>if (a<b) x()</script></head><!-- <p>no</p> --><body><p>Sch&ouml;ne&nbsp;Gr&#252;&#xDF;e</p><div>f<b>o</b>o&amp;<br>1 < 2</body></html>',
      ),
      "Schöne Grüße foo& 1 < 2",
    ],
    "fillers of advertisements": [html(`<p>News</p>${"&zwnj;&nbsp;&#847; ".repeat(50)}<p>today</p>`), "News today"],
    "of alternatives the plain one": [
      multipart("alternative", [html("<b>rich</b>"), "Content-Type: text/plain\n\nplain"]),
      "plain",
    ],
    "of alternatives the rich one, when the plain one is empty": [
      multipart("alternative", ["Content-Type: text/plain\n\n", html("<b>rich</b>")]),
      "rich",
    ],
    "what is attached is no text to read": [
      multipart("mixed", ["Content-Disposition: attachment\n\nno", "Content-Type: image/x\n\nno", html("yes")]),
      "yes",
    ],
    "a message that is passed on": [
      multipart("mixed", ["Content-Type: message/rfc822\n\nSubject: x\n\nhello"]),
      "hello",
    ],
    "what is encrypted": [multipart("encrypted", ["Content-Type: text/plain\n\nno"]), ""],
    "nothing to read": ["Content-Type: image/x\n\nno", ""],
    "an encoding that nobody knows": ["Content-Transfer-Encoding: x-odd\n\nno", ""],
    "no body": ["Subject: x\n", ""],
  };
  for (const [name, [message, text]] of Object.entries(table))
    it(name, async () => assert.equal(await preview(message), text));
});
