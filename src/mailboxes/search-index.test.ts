import assert from "node:assert/strict";
import { it } from "node:test";
import { granted, openMailScene, written } from "../../testing/mail-scene.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import { randomOf } from "../../testing/fuzz.ts";
import type { OpenMailbox } from "../imap/mail.ts";
import { find } from "../imap/search/find.ts";
import { isIn, structureOf } from "../imap/search/message-texts.ts";
import type { Question, TextQuestion } from "../imap/search/question.ts";
import { type TextUnit, textUnits } from "../imap/search/text-units.ts";
import { fold } from "../message/fold.ts";

const words =
  'Angebot Straße für Bücher über MASSE naïve café ΟΔΟΣ Привет 日本語 東京都 メール 한국어 mañana Ünïcödé 😀smile a b c1 x-y-z don\'t 100% "quoted" end.'.split(
    " ",
  );

type Random = (below: number) => number;

const pick = (random: Random, from: readonly string[]) => from[random(from.length)] ?? "";
const sentence = (random: Random, length: number) => Array.from({ length }, () => pick(random, words)).join(" ");

/** A message in one of the ways in which mail is written. */
function messageOf(random: Random, n: number): Buffer {
  const subject = sentence(random, 4);
  const body = sentence(random, 30 + random(60));
  const encoded = `=?utf-8?B?${Buffer.from(subject).toString("base64")}?=`;
  const head = `From: "${n}" <sender${n}@example.org>\r\nTo: anna (${n}) @example.com\r\nSubject: ${encoded}\r\nX-Number: n${n}n\r\n`;
  const latin1 = sentence(random, 30).replaceAll(/[^\0-\xff]/g, "ß");
  switch (random(5)) {
    case 0:
      return Buffer.from(`${head}Content-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`);
    case 1: {
      const base64 = Buffer.from(body).toString("base64").replaceAll(/.{76}/g, "$&\r\n");
      return Buffer.from(
        `${head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`,
      );
    }
    case 2: {
      const type =
        "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
      const quoted = latin1.replaceAll(
        /[^ !-<>-~]/g,
        (one) => `=${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
      );
      return Buffer.from(`${head}${type}${quoted}\r\n`);
    }
    case 3:
      return Buffer.from(
        `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${body}\r\n--b\r\nContent-Type: image/png; name=pic${n}\r\n\r\nnotext\r\n` +
          `--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner${n}\r\n\r\n${sentence(random, 9)}\r\n--b--\r\n`,
      );
    default:
      return Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from(latin1, "latin1")]);
  }
}

const all = (mailbox: OpenMailbox) => mailbox.opened.uids;

/** As if there were no index. */
const scanned = (mailbox: OpenMailbox): OpenMailbox =>
  new Proxy(mailbox, {
    get: (target, name) => {
      if (name === "candidates") return async () => null;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

async function uidsOf(mailbox: OpenMailbox, question: Question): Promise<number[]> {
  return (await find(mailbox, question, all(mailbox))).map(({ uid }) => uid);
}

/** What a scan compares with, read once. */
async function textsOf(mailbox: OpenMailbox) {
  const messages: { uid: number; units: TextUnit[] }[] = [];
  for await (const rows of mailbox.rows(all(mailbox), { contentUpTo: 1_000_000 })) {
    for (const { uid, content } of rows) {
      if (content === null) throw new Error("no content");
      const units = textUnits(content, await structureOf(content), { withBody: true, overlap: 0 });
      const read: TextUnit[] = [];
      for await (const unit of units) read.push(unit);
      messages.push({ uid, units: read });
    }
  }
  return messages;
}

async function scene(count: number, random: Random) {
  const made = await openMailScene(await openMemoryStore(), { inlineLimit: 2_000 });
  for (let n = 0; n < count; n += 20) {
    const messages = Array.from({ length: Math.min(20, count - n) }, (_, at) =>
      written(made.mail, messageOf(random, n + at)),
    );
    granted(await made.mail.append("INBOX", await Promise.all(messages)));
  }
  const open = async () => granted(await made.mail.open("INBOX", "read-write"));
  return { ...made, open, close: () => made.close() };
}

it("finds what a scan finds, for 1,000 pieces of text", async () => {
  const random = randomOf(5);
  const { open, close, context } = await scene(24, random);
  const mailbox = await open();
  await context.search.fill(mailbox.opened.id);
  const scan = scanned(mailbox);
  const messages = await textsOf(mailbox);
  const texts = words.map(fold).join(" ");
  const found = { nothing: 0, some: 0 };
  for (let n = 0; n < 1_000; n++) {
    const from = random(texts.length);
    const piece = texts.slice(from, from + 1 + random(n % 3 === 0 ? 2 : 12)).toWellFormed();
    const text = n % 10 === 0 ? pick(random, [`n${random(30)}n`, `sender${random(30)}@`, `pic${random(30)}`]) : piece;
    const question: TextQuestion =
      n % 4 === 0 ? { ask: "header", field: "subject", text } : { ask: n % 2 === 0 ? "body" : "text", text };
    const wanted = messages.flatMap(({ uid, units }) => (units.some((unit) => isIn(question, unit)) ? [uid] : []));
    assert.deepEqual(await uidsOf(mailbox, question), wanted, JSON.stringify(question));
    // Reading them all anew takes long.
    if (n % 50 === 0) assert.deepEqual(await uidsOf(scan, question), wanted, JSON.stringify(question));
    if (wanted.length === 0) found.nothing++;
    else found.some++;
  }
  assert.ok(found.nothing > 50 && found.some > 300, JSON.stringify(found));
  await close();
});

it("looks at few messages for a rare text, at all for a short one", async () => {
  const { open, close } = await scene(60, randomOf(7));
  const mailbox = await open();
  const candidates = async (text: string) => {
    const runs = await mailbox.candidates([{ in: "text", field: null, text }], all(mailbox));
    return runs === null ? null : runs.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  };
  assert.equal(await candidates("n17n"), 1);
  assert.equal(await candidates("nowhere at all"), 0);
  assert.equal(await candidates("n1"), null);
  assert.equal(await candidates("a\nb c"), null);
  assert.equal(await candidates("東京都"), (await uidsOf(scanned(mailbox), { ask: "text", text: "東京都" })).length);
  await close();
});

it("puts in what is missing before it searches, and reads what would be too many", async () => {
  const { mail, open, close, store } = await scene(240, randomOf(8));
  const known = async () =>
    Number((await store.read({ sql: "SELECT COUNT(*) AS n FROM searchable", parameters: [] }))[0]?.["n"]);
  let mailbox = await open();
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "n200n" }), [201]);
  assert.equal(await known(), 0);
  granted(await mail.create("b"));
  granted(await mail.append("b", [await written(mail, "Subject: quagga\r\n\r\n")]));
  mailbox = granted(await mail.open("b", "read-write"));
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "quagga" }), [1]);
  assert.equal(await known(), 1);
  granted(await mail.append("b", [await written(mail, "Subject: quagga 2\r\n\r\n")]));
  mailbox = granted(await mail.open("b", "read-write"));
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "quagga" }), [1, 2]);
  assert.equal(await known(), 2);
  await close();
});

it("forgets a content when the last message with it goes", async () => {
  const { mail, open, close, store } = await scene(20, randomOf(9));
  let mailbox = await open();
  const rows = async (text: string) =>
    (await store.read({ sql: "SELECT rowid FROM search_text WHERE search_text MATCH ?", parameters: [text] })).length;
  await uidsOf(mailbox, { ask: "text", text: "n7n" });
  assert.equal(await rows('"n7n"'), 1);
  granted(await mail.create("b"));
  granted(await mailbox.copy([{ first: 8, last: 8 }], "b"));
  await mailbox.remove([{ first: 8, last: 8 }]);
  assert.equal(await rows('"n7n"'), 1);
  mailbox = granted(await mail.open("b", "read-write"));
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "n7n" }), [1]);
  await mailbox.remove([{ first: 1, last: 1 }]);
  assert.equal(await rows('"n7n"'), 0);
  assert.equal((await store.read({ sql: "SELECT * FROM searchable", parameters: [] })).length, 19);
  await close();
});

it("reads what is too long for the index, and fields from final delivery", async () => {
  const { mail, open, close, store, context } = await scene(0, randomOf(10));
  const long = `Subject: long\r\n\r\n${"padding ".repeat(40_000)}needle`;
  const messages = [
    await written(mail, long),
    await written(mail, "Subject: short\r\n\r\nneedle"),
    await written(mail, "x: y\r\n\r\n"),
  ];
  granted(await mail.append("INBOX", messages));
  const prefix =
    "UPDATE message SET prefix = 'Return-Path: <Zebra@example.org>' || char(13, 10), size = size + 34 WHERE uid = 3";
  await store.commit([{ sql: prefix, parameters: [] }]);
  const mailbox = await open();
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "needle" }), [1, 2]);
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "zebra@" }), [3]);
  assert.deepEqual(await uidsOf(mailbox, { ask: "header", field: "return-path", text: "zebra" }), [3]);
  const counts: number[] = [];
  await store.commit([{ sql: "INSERT INTO search_text (search_text) VALUES ('delete-all')", parameters: [] }]);
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "short" }), []);
  assert.equal(await context.search.rebuild((count) => counts.push(count)), 3);
  assert.deepEqual(counts, [3]);
  assert.deepEqual(await uidsOf(mailbox, { ask: "text", text: "short" }), [2]);
  await close();
});
