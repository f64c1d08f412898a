import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { downgradeHeader } from "./downgrade.ts";
import { decodeWords } from "./encoded-words.ts";
import { readMediaType } from "./media-type.ts";
import { StructureReader } from "./structure-reader.ts";
import { surrogateOf } from "./surrogate.ts";

const crlf = (text: string) => text.replaceAll("\n", "\r\n");
const downgraded = (header: string) =>
  downgradeHeader(Buffer.from(crlf(header)))
    .toString("latin1")
    .replaceAll("\r\n", "\n");

describe("a header for clients that know nothing of UTF-8 (RFC 6858)", () => {
  const table: Record<string, [header: string, shown: string]> = {
    "what is ASCII stays, folding too": [
      "From: a@b.test\nSubject: x\n\ty\nX-Odd :z\n\n",
      "From: a@b.test\nSubject: x\n\ty\nX-Odd :z\n\n",
    ],
    "§2.1: a name is encoded, its address stays": [
      'To: Jörg <j@b.test>, "Ä, B" <c@d.test>,\n plain@e.test, Old =?utf-8?Q?x?= <f@g.test>\n\n',
      "To: =?utf-8?B?SsO2cmc=?= <j@b.test>,\n =?utf-8?B?w4QsIEI=?= <c@d.test>,\n <plain@e.test>,\n Old =?utf-8?Q?x?= <f@g.test>\n\n",
    ],
    "§2.1: an address that needs UTF-8 is shown and cannot be used": [
      "From: Jörg <jörg@b.test>\nCc: x@bücher.test\n\n",
      `From: =?utf-8?B?${Buffer.from("Jörg <jörg@b.test>").toString("base64")}?= <invalid@internationalized-address.invalid>\nCc: =?utf-8?B?${Buffer.from("x@bücher.test").toString("base64")}?= <invalid@internationalized-address.invalid>\n\n`,
    ],
    groups: [
      "To: Käufer: a@b.test, ü@c.test;, z@d.test\nReply-To: Leer: ;, é <e@f.test>\n\n",
      `To: =?utf-8?B?${Buffer.from("Käufer").toString("base64")}?=: <a@b.test>,\n =?utf-8?B?${Buffer.from("ü@c.test").toString("base64")}?= <invalid@internationalized-address.invalid>;,\n <z@d.test>\nReply-To: Leer: ;,\n =?utf-8?B?w6k=?= <e@f.test>\n\n`,
    ],
    "§2.3: the subject is encoded in words of whole characters": [
      `Subject: ${"ü".repeat(30)}\n\n`,
      `Subject: =?utf-8?B?${Buffer.from("ü".repeat(22)).toString("base64")}?=\n =?utf-8?B?${Buffer.from("ü".repeat(8)).toString("base64")}?=\n\n`,
    ],
    "§2.4: other fields are left out": ["Received: by jörg.test\nX: ü\nY: y\nReturn-Path: <ö@b.test>\n\n", "Y: y\n\n"],
    "§2.2: parameters": [
      'Content-Type: text/plain; charset=utf-8; name="Prüfung 1.pdf"\nContent-Disposition: attachment; filename="ö"; size=3\n\n',
      `Content-Type: text/plain;\n charset="utf-8";\n name*=utf-8''Pr%C3%BCfung%201.pdf\nContent-Disposition: attachment;\n filename*=utf-8''%C3%B6;\n size="3"\n\n`,
    ],
    "a message/global holds what became a message/rfc822": [
      "Content-Type: message/global\n\n",
      "Content-Type: message/rfc822\n\n",
    ],
    "lines that are no fields": ["From ü Mon\nSubject: x\nü\n\n", "From ?? Mon\nSubject: x\n??\n\n"],
  };
  for (const [name, [header, shown]] of Object.entries(table)) it(name, () => assert.equal(downgraded(header), shown));

  it("long parameters come back", () => {
    const name = "ünd so weiter ".repeat(20);
    const header = downgraded(`Content-Type: application/x; name="${name}"\n\n`);
    assert.ok(header.split("\n").every((line) => line.length < 100));
    const type = readMediaType(header.slice("Content-Type:".length).replaceAll("\n", ""));
    assert.deepEqual(type?.parameters, [["name*", `utf-8''${encodeURIComponent(name).replaceAll("'", "%27")}`]]);
  });

  it("subjects come back", () => {
    for (const subject of ["ü", "日本語の件名".repeat(9), "a =?x?q?y?= ü", "🙂".repeat(40)]) {
      const shown = downgraded(`Subject: ${subject}\n\n`).replaceAll("\n ", "").trim();
      assert.equal(decodeWords(shown.slice("Subject: ".length).replaceAll("?==?", "?= =?")), subject);
    }
  });
});

describe("a surrogate of a message", () => {
  const message = Buffer.from(
    crlf(`Subject: ü
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Disposition: attachment; filename=ä

käse
--b
Content-Type: message/global

Subject: plain
X: ü

ü
--b
Content-Type: text/plain
X-Plain: yes

ü
--b--
`),
  );
  const source = {
    size: message.length,
    async *stream({ from, to }: { readonly from: number; readonly to: number }) {
      for (let at = from; at < to; at += 10) yield message.subarray(at, Math.min(to, at + 10));
    },
  };
  const placesOf = (octets: Buffer) => {
    const reader = new StructureReader();
    reader.push(octets);
    return reader.finish();
  };
  async function read(from: number, to: number): Promise<string> {
    const surrogate = await surrogateOf(source, placesOf(message));
    const pieces: Uint8Array[] = [];
    for await (const piece of surrogate?.stream({ from, to: Math.min(to, surrogate.size) }) ?? []) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  it("has other headers and the same bodies", async () => {
    const text = await read(0, Infinity);
    assert.equal(
      text.replaceAll("\r\n", "\n"),
      `Subject: =?utf-8?B?w7w=?=
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Disposition: attachment;
 filename*=utf-8''%C3%A4

käse
--b
Content-Type: message/rfc822

Subject: plain

ü
--b
Content-Type: text/plain
X-Plain: yes

ü
--b--
`,
    );
    assert.equal((await surrogateOf(source, placesOf(message)))?.size, Buffer.byteLength(text));
  });

  it("is read in any pieces", async () => {
    const whole = Buffer.from(await read(0, Infinity)).toString("latin1");
    let joined = "";
    for (let at = 0; at < whole.length; at += 37) {
      const surrogate = await surrogateOf(source, placesOf(message));
      for await (const piece of surrogate?.stream({ from: at, to: Math.min(at + 37, whole.length) }) ?? [])
        joined += Buffer.from(piece).toString("latin1");
    }
    assert.equal(joined, whole);
  });

  it("is not made where nothing has to change", async () => {
    const plain = Buffer.from("Subject: x\r\n\r\nü\r\n");
    assert.equal(await surrogateOf({ ...source, size: plain.length }, placesOf(plain)), null);
  });
});
