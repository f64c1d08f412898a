import assert from "node:assert/strict";
import { it } from "node:test";
import { ReceivedCounter } from "./received-counter.ts";

const table: [string, number][] = [
  ["", 0],
  ["Received: a\r\nReceived: b\r\n\r\n", 2],
  ["received:a\r\nRECEIVED :b\r\nReceived\t: c\r\n", 3],
  ["Received: a\r\n Received: folded\r\n\tReceived: too\r\nSubject: x\r\n", 1],
  ["X-Received: a\r\nReceived-SPF: b\r\nReceive: c\r\nReceivedd: d\r\nReceived x: e\r\n", 0],
  ["Subject: Received: a\r\n\r\nReceived: body\r\n\r\nReceived: again\r\n", 0],
  ["Received: a\r\n\r\nReceived: body\r\n", 1],
  ["\r\nReceived: body\r\n", 0],
  ["Received: a\r\n".repeat(101), 101],
];

for (const [header, count] of table) {
  it(`counts ${count} in ${JSON.stringify(header.slice(0, 40))} under every cut`, () => {
    const bytes = Buffer.from(header);
    const step = bytes.length > 200 ? 37 : 1;
    for (let at = 0; at <= bytes.length; at += step) {
      const counter = new ReceivedCounter();
      counter.push(bytes.subarray(0, at));
      counter.push(bytes.subarray(at));
      assert.equal(counter.count, count, `cut at ${at}`);
    }
    const counter = new ReceivedCounter();
    for (const octet of bytes) counter.push(Buffer.from([octet]));
    assert.equal(counter.count, count);
  });
}
