import assert from "node:assert/strict";
import { flagsOf, namesOfFlags } from "../../src/imap/flags.ts";
import type { Answer, ImapClient, Told } from "./imap-client.ts";
import type { Found, FoundMailbox } from "./mailbox-outcome.ts";
import { recognised } from "./numbered-message.ts";

/** What IMAP tells of every mailbox of an account. `isWhole`: whether the octets of this message are to be compared as well. */
export async function lookAt(
  client: ImapClient,
  isWanted: (mailbox: string, uid: number) => boolean,
): Promise<FoundMailbox[]> {
  const found: FoundMailbox[] = [];
  const listed = await said(client, `LIST "" "*"`);
  for (const { text } of listed.untagged) {
    const [, attributes = "", name = ""] = /^\* LIST \(([^)]*)\) "\/" "?([^"]*)"?$/.exec(text) ?? [];
    if (name === "" || /\\NoSelect|\\NonExistent/i.test(attributes)) continue;
    found.push(await lookInto(client, name, isWanted));
  }
  return found;
}

async function lookInto(
  client: ImapClient,
  name: string,
  isWanted: (mailbox: string, uid: number) => boolean,
): Promise<FoundMailbox> {
  const selected = await said(client, `EXAMINE "${name}"`);
  const told = selected.untagged.map(({ text }) => text).join("\n");
  const count = (item: RegExp): number => Number(item.exec(told)?.[1] ?? assert.fail(`${item.source} in ${told}`));
  const { untagged } = await said(client, "UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Number)])");
  const messages = untagged.flatMap((one) => foundIn(one) ?? []);
  assert.equal(messages.length, count(/^\* (\d+) EXISTS$/m), `EXISTS of ${name}`);
  const wanted = messages.filter(({ uid }) => isWanted(name, uid));
  if (wanted.length > 0) await compareOctets(client, wanted);
  return {
    name,
    uidValidity: count(/\[UIDVALIDITY (\d+)\]/),
    uidNext: count(/\[UIDNEXT (\d+)\]/),
    modseq: count(/\[HIGHESTMODSEQ (\d+)\]/),
    messages,
  };
}

async function compareOctets(client: ImapClient, messages: readonly Found[]): Promise<void> {
  const uids = messages.map(({ uid }) => uid).join();
  const { untagged } = await said(client, `UID FETCH ${uids} (UID RFC822.SIZE BODY.PEEK[])`);
  const whole = new Map(untagged.map((told) => [Number(/\bUID (\d+)/.exec(told.text)?.[1]), told]));
  for (const { uid, number } of messages) {
    const { text, literals } = whole.get(uid) ?? assert.fail(`message ${number} cannot be read`);
    const [octets = assert.fail(text)] = literals;
    assert.deepEqual(recognised(octets), { number, isWhole: true }, `message ${number} was changed`);
    assert.equal(Number(/RFC822\.SIZE (\d+)/.exec(text)?.[1]), octets.length);
  }
}

/** One FETCH response with UID, flags and the field X-Number; null: it is something else. */
export function foundIn({ text, literals }: Told): Found | null {
  const [, uid] = /^\* \d+ FETCH .*\bUID (\d+)/.exec(text) ?? [];
  const [header] = literals;
  if (uid === undefined || header === undefined) return null;
  const [, number = assert.fail(text)] = /^X-Number: (\d+)\r\n/i.exec(header.toString("latin1")) ?? [];
  const [, flags = assert.fail(text)] = /FLAGS (\([^)]*\))/.exec(text) ?? [];
  return { number: Number(number), uid: Number(uid), flags: sorted(flags) };
}

/** "(\\Seen Work)" as the book has it: \Recent is nobody's flag. */
export function sorted(list: string): string {
  return namesOfFlags(flagsOf(namesIn(list).filter((flag) => flag !== "\\Recent")))
    .toSorted()
    .join(" ");
}

export function namesIn(list: string): readonly string[] {
  return list
    .slice(1, -1)
    .split(" ")
    .filter((flag) => flag !== "");
}

async function said(client: ImapClient, command: string): Promise<Answer> {
  const answer = (await client.say(command)) ?? assert.fail(`${command}: the server is gone`);
  assert.equal(answer.status, "OK", `${command}: ${answer.text}`);
  return answer;
}
