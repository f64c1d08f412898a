import assert from "node:assert/strict";
import { isAscii } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { simpleParser } from "mailparser";
import { type Entity, MimeWalker } from "./mime-walker.ts";
import { surveyEightBit, toSevenBit } from "./seven-bit.ts";

const octetsOf = (text: string) => Buffer.from(text.replaceAll("\n", "\r\n"), "utf8");

async function* cutInto(octets: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function convert(message: Buffer, cut = 7): Promise<Buffer | string> {
  const survey = await surveyEightBit(cutInto(message, cut));
  if (survey.obstacle !== null) return survey.obstacle;
  const out: Buffer[] = [];
  for await (const piece of toSevenBit(cutInto(message, cut), survey)) out.push(piece);
  return Buffer.concat(out);
}

/** The octets of each part as a reader understands them, with what it is. */
function leavesOf(message: Buffer): { readonly is: string; readonly octets: Buffer }[] {
  const leaves: { entity: Entity; pieces: Buffer[] }[] = [];
  const walker = new MimeWalker({
    entity: (entity) => {
      if (entity.holds === "octets") leaves.push({ entity, pieces: [] });
    },
    octets: (piece) => void leaves.at(-1)?.pieces.push(piece),
    endOfOctets() {},
    between() {},
  });
  walker.push(message);
  walker.finish();
  return leaves.map(({ entity: { contentType, encoding }, pieces }) => ({
    is: `${contentType.type}/${contentType.subtype}`,
    octets: decode(Buffer.concat(pieces), encoding),
  }));
}

function decode(octets: Buffer, encoding: string): Buffer {
  const text = octets.toString("latin1");
  if (encoding === "base64") return Buffer.from(text, "base64");
  if (encoding !== "quoted-printable") return octets;
  const undone = text
    .replaceAll(/=\r\n/g, "")
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(undone, "latin1");
}

const longestLine = (octets: Buffer) =>
  Math.max(
    ...octets
      .toString("latin1")
      .split("\r\n")
      .map((line) => line.length),
  );

describe("O-21: a message for a next hop without 8BITMIME", () => {
  const table: Record<string, [message: string, converted: string]> = {
    "the text of the case": [
      "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\né end\n",
      "Content-Type: text/plain; charset=utf-8\nMIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9 end\n",
    ],
    "no MIME fields: it becomes a MIME message of an unknown character set": [
      "Subject: x\n\né\n",
      "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n",
    ],
    "a header without fields": [
      "\né\n",
      "MIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n",
    ],
    "a label that promised less than there is": [
      "MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nContent-Type: text/plain\n\né = \t\n.\n",
      "MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\nContent-Type: text/plain\n\n=C3=A9 =3D =09\n.\n",
    ],
    "something else than text": [
      "MIME-Version: 1.0\nContent-Type: image/x; name=a\nContent-transfer-encoding: BINARY (comment)\n\né\n",
      "MIME-Version: 1.0\nContent-Type: image/x; name=a\nContent-Transfer-Encoding: base64\n\nw6kNCg==",
    ],
    "8bit in name only": [
      "MIME-Version: 1.0\nContent-Transfer-Encoding:\n 8bit\nSubject: x\n\nplain\n",
      "MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\nSubject: x\n\nplain\n",
    ],
    "parts: the one that needs it, and the labels of those around it": [
      `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="a b"
Content-Transfer-Encoding: 8bit

--a bc
--a b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

é
--a b  
Content-Transfer-Encoding: base64

w6k=
--a b
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Subject: inner
Content-Type: text/html; charset=utf-8

ü

--a b--
epilogue
`,
      `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="a b"
Content-Transfer-Encoding: 7bit

--a bc
--a b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

=C3=A9
--a b  
Content-Transfer-Encoding: base64

w6k=
--a b
Content-Type: message/rfc822
Content-Transfer-Encoding: 7bit

Subject: inner
Content-Type: text/html; charset=utf-8
MIME-Version: 1.0
Content-Transfer-Encoding: quoted-printable

=C3=BC

--a b--
epilogue
`,
    ],
    "a digest holds messages": [
      "MIME-Version: 1.0\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\né\n--b--\n",
      "MIME-Version: 1.0\nContent-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n--b--\n",
    ],
    "the forms of RFC 6533 may be encoded": [
      "MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/global-headers\n\nSubject: é\n--b--\n",
      "MIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/global-headers\nContent-Transfer-Encoding: quoted-printable\n\nSubject: =C3=A9\n--b--\n",
    ],
    "signed and in 7 bit: not an octet changes": [
      "MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Transfer-Encoding: 8bit\n\nplain\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n",
      "MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Transfer-Encoding: 8bit\n\nplain\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n",
    ],
  };
  for (const [name, [message, converted]] of Object.entries(table)) {
    it(name, async () => {
      for (const cut of [1, 2, 3, 5, 8, 13, 10_000]) {
        const out = await convert(octetsOf(message), cut);
        assert.equal(out.toString(), octetsOf(converted).toString(), `cut ${cut}`);
      }
    });
  }

  const part = (type: string, body = "é") => `MIME-Version: 1.0\n${type}\n\n${body}\n`;
  const signed = (inside: string) => part("Content-Type: multipart/signed; boundary=b", `--b\n${inside}\n--b--`);
  const impossible: Record<string, [message: string, why: RegExp]> = {
    "multipart/signed": [signed("Content-Type: text/plain\n\né"), /signed/],
    "… whatever is inside": [
      signed("Content-Type: multipart/mixed; boundary=c\n\n--c\n\nplain\n--c\nContent-Type: image/x\n\né\n--c--"),
      /signed/,
    ],
    "… also in a message that is passed on": [
      part("Content-Type: message/rfc822", signed("Content-Type: text/plain\n\né")),
      /signed/,
    ],
    "multipart/encrypted": [part("Content-Type: multipart/encrypted; boundary=b", "--b\n\né\n--b--"), /encrypted/],
    "a header": ["Subject: é\n\nplain\n", /8-bit octets in a header/],
    "a header of a part": [
      part("Content-Type: multipart/mixed; boundary=b", "--b\nContent-Disposition: x; filename=é\n\nx\n--b--"),
      /8-bit octets in a header/,
    ],
    "a text before the parts": [part("Content-Type: multipart/mixed; boundary=b", "é\n--b\n\nx\n--b--"), /between/],
    "a text behind the parts": [part("Content-Type: multipart/mixed; boundary=b", "--b\n\nx\n--b--\né"), /between/],
    "a multipart without boundary": [part("Content-Type: multipart/mixed"), /taken apart/],
    "two types": [part("Content-Type: text/plain\nContent-Type: text/html"), /cannot be read for sure/],
    "two labels": [
      part("Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit"),
      /Content-Transfer-Encoding field/,
    ],
    "a line that is no field": ["From a@b Mon\nSubject: x\n\né\n", /no field/],
    "base64 that is none": [part("Content-Transfer-Encoding: base64"), /against its own encoding/],
    "an encoding that nobody knows": [part("Content-Transfer-Encoding: x-uuencode"), /against its own encoding/],
    "a report in a form for 7 bit only": [part("Content-Type: message/delivery-status"), /must not be encoded/],
    "a fragment": [part("Content-Type: message/partial; id=x; number=1"), /must not be encoded/],
    "too deep": [`${"Content-Type: message/rfc822\n\n".repeat(102)}\né\n`, /too deep/],
    "too many parts": [
      part("Content-Type: multipart/mixed; boundary=b", `--b\n\n\n`.repeat(10_001) + "é\n--b--"),
      /too many parts/,
    ],
    "a header without end": [`X: ${"x".repeat(300_000)}\n\né\n`, /too long/],
  };
  for (const [name, [message, why]] of Object.entries(impossible)) {
    it(`not converted: ${name}`, async () => {
      const out = await convert(octetsOf(message), 1_000);
      assert.ok(typeof out === "string", `it was converted to ${out.toString().slice(0, 500)}`);
      assert.match(out, why);
    });
  }

  it("the need is seen also behind what is not looked at", async () => {
    const deep = octetsOf(`${"Content-Type: message/rfc822\n\n".repeat(102)}\n${"x\n".repeat(1000)}é\n`);
    assert.equal((await surveyEightBit(cutInto(deep, 1000))).anywhere, true);
    const plain = await surveyEightBit(cutInto(octetsOf("Subject: x\n\nx\n"), 1000));
    assert.deepEqual(plain, { inHeader: false, anywhere: false, obstacle: null, toEncode: new Set() });
  });
});

describe("converting any message", () => {
  const text = fc
    .array(
      fc.constantFrom(
        "é",
        "x",
        " ",
        "\t",
        "=",
        "\n",
        "\n\n",
        "\n.",
        "--",
        "\n--",
        "\n--b",
        "\0",
        "\x7f",
        "x".repeat(80),
      ),
      {
        maxLength: 40,
      },
    )
    .map((pieces) => octetsOf(pieces.join("")));
  const binary = fc
    .uint8Array({ maxLength: 300 })
    // A bare CR or LF never gets through the content decoder.
    .map((octets) => Buffer.from(octets.filter((octet) => octet !== 10 && octet !== 13)));
  const label = fc.constantFrom("", "Content-Transfer-Encoding: 8bit\n", "Content-Transfer-Encoding: binary\n");
  const leaf = fc
    .tuple(
      fc.constantFrom("text/plain", "image/x", "application/octet-stream", "message/global"),
      label,
      fc.oneof(text, binary),
    )
    .map(([type, encoding, body]) => Buffer.concat([octetsOf(`Content-Type: ${type}\n${encoding}\n`), body]));
  const { message } = fc.letrec<{ message: Buffer }>((tie) => ({
    message: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc
        .tuple(fc.stringMatching(/^[a-z]{3}$/), label, fc.array(tie("message"), { minLength: 1, maxLength: 4 }))
        .map(([boundary, encoding, parts]) =>
          Buffer.concat([
            octetsOf(`Content-Type: multipart/mixed; boundary=${boundary}\n${encoding}\n`),
            ...parts.flatMap((part) => [octetsOf(`\n--${boundary}\n`), part]),
            octetsOf(`\n--${boundary}--\n`),
          ]),
        ),
      tie("message").map((inner) => Buffer.concat([octetsOf("Content-Type: message/rfc822\n\n"), inner])),
    ),
  }));

  it("gives 7 bit, short lines where it encodes, and each part's octets as they were", async () => {
    let converted = 0;
    await fc.assert(
      fc.asyncProperty(message, fc.integer({ min: 1, max: 50 }), async (octets, cut) => {
        const out = await convert(octets, cut);
        // Text that happens to look like a delimiter makes other parts of it, with a header that nobody meant.
        if (typeof out === "string") return;
        converted++;
        assert.ok(isAscii(out));
        assert.ok(longestLine(out) <= Math.max(76, longestAscii(octets)));
        assert.deepEqual(leavesOf(out), leavesOf(octets));
        assert.deepEqual(await convert(out), out, "what is in 7 bit stays");
      }),
      { numRuns: 150 },
    );
    assert.ok(converted > 100, `${converted}`);
  });

  const longestAscii = (octets: Buffer) =>
    Math.max(
      ...octets
        .toString("latin1")
        .split("\r\n")
        .map((line) => (isAscii(Buffer.from(line, "latin1")) ? line.length : 0)),
    );

  it("is read by another implementation as what it was", async () => {
    const attachment = (type: string) => `Content-Type: ${type}\nContent-Disposition: attachment; filename=x\n`;
    const source = octetsOf(`From: a@b.test
Subject: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_x"

--=_x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße, ${"ü".repeat(100)}

--=_x
${attachment("application/octet-stream")}Content-Transfer-Encoding: 8bit

${"öä\n".repeat(100)}
--=_x
${attachment("text/csv")}
${"é;".repeat(100)} 
--=_x--
`);
    const out = await convert(source);
    assert.ok(Buffer.isBuffer(out));
    const [before, after] = [await simpleParser(source), await simpleParser(out)];
    assert.equal(after.text, before.text);
    assert.deepEqual(
      after.attachments.map(({ content }) => content),
      before.attachments.map(({ content }) => content),
    );
    assert.equal(after.attachments[1]?.content.toString(), `${"é;".repeat(100)} `);
  });
});
