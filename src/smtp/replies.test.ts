import assert from "node:assert/strict";
import { it } from "node:test";
import { formatReply, type Reply } from "./reply.ts";
import * as catalogue from "./replies.ts";

const all = Object.entries(catalogue).map(([name, entry]): [string, Reply] => {
  if (typeof entry !== "function") return [name, entry];
  if (name === "challenge") return [name, catalogue.challenge(Buffer.from("Username:"))];
  if (name === "greeting") return [name, catalogue.greeting("mx.test", "hi")];
  const build: (text: never, more: string) => Reply = entry;
  return [name, Reflect.apply(build, null, ["R3F", ""])];
});

for (const [name, reply] of all) {
  it(`${name} is well-formed`, () => {
    const text = formatReply(reply);
    assert.match(text, /^[2345]\d\d[ -][\x20-\x7e]*\r\n/);
    for (const line of text.split("\r\n")) assert.ok(line.length <= 510, "RFC 5321 §4.5.3.1.5");
    if (reply.code < 400) return;
    assert.ok(reply.status?.startsWith(`${Math.floor(reply.code / 100)}.`), "RFC 2034 §4: class and code agree");
    // No path, rule or stack is told to a stranger.
    assert.doesNotMatch(text, /[/\\]|node|\.ts\b|rule|Error:/);
  });
}

it("the catalogue is not empty", () => assert.ok(all.length > 50));

it("puts REF at the end of a policy refusal and leaves it out where there is none", () => {
  assert.equal(formatReply(catalogue.relayDenied("R3F")), "550 5.7.1 Relaying is prohibited (R3F)\r\n");
  assert.equal(formatReply(catalogue.unknownMailbox()), "550 5.1.1 No such mailbox here\r\n");
});

it("prompts of LOGIN are the base64 and nothing else (field case O-14)", () => {
  assert.equal(formatReply(catalogue.challenge(Buffer.from("Username:"))), "334 VXNlcm5hbWU6\r\n");
  assert.equal(formatReply(catalogue.challenge(Buffer.alloc(0))), "334 \r\n");
});
