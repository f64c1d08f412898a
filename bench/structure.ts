import { digestOf } from "../src/imap/digest.ts";
import { StructureReader } from "../src/message/structure-reader.ts";

/**
 * What the structure of a message costs: `node bench/structure.ts`. Microseconds a message to find it, and to find and format it
 * (`digestOf`), for messages as they come; the best of five rounds.
 */
const text = (octets: number) =>
  "The quick brown fox jumps over the lazy dog, and so on and so forth.\r\n".repeat(octets / 70);
const header =
  "Return-Path: <s7@client.test>\r\nReceived: from client.test (client.test [192.0.2.7])\r\n\tby mx.example.test with ESMTP id R3F-1234;\r\n\tTue, 24 Nov 2026 10:00:00 +0000\r\n" +
  'From: "Sender, A." <s7@client.test>\r\nTo: Anna Example <anna@example.test>, bob@example.test\r\nSubject: A letter of the usual kind\r\n' +
  "Message-ID: <7.x@client.test>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n";
const plain = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
const base64 = (octets: number) => `${"A".repeat(76)}\r\n`.repeat(octets / 78);
const attachment = (octets: number) =>
  `Content-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(octets)}`;
const mixed = (parts: readonly string[]) =>
  `${header}Content-Type: multipart/mixed; boundary="----=_Part_7"\r\n\r\n${parts.map((part) => `------=_Part_7\r\n${part}\r\n`).join("")}------=_Part_7--\r\n`;

const messages: Readonly<Record<string, string>> = {
  "text of 1 KiB": header + plain + text(400),
  "text of 4 KiB": header + plain + text(3_500),
  "text of 64 KiB": header + plain + text(65_000),
  "text, HTML and an attachment of 100 KB": mixed([plain + text(1_000), plain + text(3_000), attachment(100_000)]),
  "an attachment of 10 MB": mixed([plain + text(1_000), attachment(10_000_000)]),
  "9,000 parts": mixed(Array.from({ length: 9_000 }, () => "\r\nx")),
};

for (const [name, message] of Object.entries(messages)) {
  const octets = Buffer.from(message, "latin1");
  const chunks = Array.from({ length: Math.ceil(octets.length / 65_536) }, (_, at) =>
    octets.subarray(at * 65_536, (at + 1) * 65_536),
  );
  const find = () => {
    const reader = new StructureReader();
    for (const chunk of chunks) reader.push(chunk);
    return reader.finish();
  };
  const times = Math.max(3, Math.min(20_000, Math.round(4_000_000 / octets.length)));
  process.stdout.write(`${name}: ${timed(find, times)} µs, formatted ${timed(() => digestOf(find()), times)} µs\n`);
}

function timed(work: () => unknown, times: number): string {
  let best = Infinity;
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    for (let time = 0; time < times; time++) work();
    best = Math.min(best, (performance.now() - begun) / times);
  }
  return (best * 1000).toFixed(1);
}
