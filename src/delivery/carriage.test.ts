import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { carriageFor } from "./carriage.ts";
import type { Outgoing } from "./target.ts";

const nothing = new Set<string>();
const eightBit = new Set(["8BITMIME"]);
const utf8 = new Set(["8BITMIME", "SMTPUTF8"]);

function outgoing(content: string, more: Partial<Outgoing> & { readonly to?: readonly string[] } = {}): Outgoing {
  const { to = ["bob@r.test"], ...changes } = more;
  const bytes = Buffer.from(content.replaceAll("\n", "\r\n"));
  return {
    id: "M1",
    reversePath: "a@example.com",
    recipients: to.map((forwardPath) => ({ forwardPath, orcpt: null, notify: null })),
    body: "8BITMIME",
    smtpUtf8: false,
    ret: null,
    envid: null,
    content: {
      size: bytes.length,
      bytes,
      flaw: () => Promise.resolve(null),
      async *stream() {
        yield bytes;
      },
    },
    ...changes,
  };
}

async function carried(message: Outgoing, extensions: ReadonlySet<string>) {
  const carriage = await carriageFor(message, extensions);
  if ("said" in carriage) return carriage;
  const pieces: Uint8Array[] = [];
  for await (const piece of carriage.content.stream()) pieces.push(piece);
  const { size, isEightBit, usesUtf8, flaws } = carriage;
  return { size, isEightBit, usesUtf8, flaws, content: Buffer.concat(pieces).toString() };
}

const text = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\né end\n";
const utf8Header = text.replace("\n\n", "\nSubject: é\n\n");

describe("what a host can carry", () => {
  it("O-21 (a): with 8BITMIME nothing is changed", async () => {
    const { content, ...how } = (await carried(outgoing(text), eightBit)) as { content: string };
    assert.equal(content, text.replaceAll("\n", "\r\n"));
    assert.deepEqual(how, { size: 103, isEightBit: true, usesUtf8: false, flaws: [null] });
  });

  it("O-21 (b), (c): without 8BITMIME it is converted, and BODY is not said", async () => {
    const { content, ...how } = (await carried(outgoing(text), nothing)) as { content: string };
    assert.match(content, /^Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9 end\r\n$/m);
    assert.deepEqual(how, { size: null, isEightBit: false, usesUtf8: false, flaws: [null] });
  });

  it("O-21: … with a DKIM signature too", async () => {
    const carriage = await carried(outgoing(`DKIM-Signature: v=1\n${text}`), nothing);
    assert.match("content" in carriage ? carriage.content : carriage.said, /quoted-printable/);
  });

  it("O-21: multipart/signed is never converted", async () => {
    const signed = `MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=b\n\n--b\n${text}\n--b--\n`;
    const carriage = await carried(outgoing(signed), nothing);
    assert.equal("status" in carriage && carriage.status, "5.6.3");
  });

  it("what says 8BITMIME and is not goes as it is", async () => {
    const carriage = await carried(outgoing(text.replace("é", "e")), nothing);
    assert.ok("content" in carriage && carriage.size === 103 - 1 && carriage.content.includes("8bit"));
  });

  it("SMTPUTF8 is asked for only where the message needs it", async () => {
    const asked = { smtpUtf8: true };
    const uses = async (message: Outgoing) => {
      const carriage = await carriageFor(message, utf8);
      return "usesUtf8" in carriage && carriage.usesUtf8;
    };
    assert.equal(await uses(outgoing(text, asked)), false);
    assert.equal(await uses(outgoing(utf8Header, asked)), true);
    assert.equal(await uses(outgoing(utf8Header)), false);
    assert.equal(await uses(outgoing(text, { ...asked, reversePath: "é@example.com" })), true);
    assert.equal(await uses(outgoing(text, { ...asked, to: ["bob@r.test", "é@r.test"] })), true);
    assert.equal(await uses(outgoing(text, { ...asked, to: ["bob@xn--9ca.test"] })), false);
  });

  it("without SMTPUTF8: 5.6.7 for what needs it, and for nobody else", async () => {
    const asked = { smtpUtf8: true };
    const status = async (message: Outgoing) => {
      const carriage = await carriageFor(message, eightBit);
      return "said" in carriage ? carriage.status : carriage.flaws.map((flaw) => flaw?.status ?? null);
    };
    assert.deepEqual(await status(outgoing(text, asked)), [null]);
    assert.equal(await status(outgoing(utf8Header, asked)), "5.6.7");
    assert.equal(await status(outgoing(text, { ...asked, reversePath: "é@example.com" })), "5.6.7");
    assert.deepEqual(await status(outgoing(text, { ...asked, to: ["é@r.test", "bob@xn--9ca.test"] })), ["5.6.7", null]);
  });

  it("SMTPUTF8 without 8BITMIME is no offer", async () => {
    const carriage = await carriageFor(outgoing(utf8Header, { smtpUtf8: true }), new Set(["SMTPUTF8"]));
    assert.equal("status" in carriage && carriage.status, "5.6.7");
  });
});
