import type { Address, Ip } from "../src/address/address.ts";
import { formatIp } from "../src/address/ip.ts";
import { parseAddress } from "../src/address/path.ts";
import { openLog } from "../src/events/log.ts";
import type { Directory } from "../src/accounts/directory.ts";
import type { Facts, Recipients } from "../src/policy/facts.ts";
import { judge } from "../src/policy/judge.ts";
import type { Policy } from "../src/policy/policy.ts";
import { Gate } from "../src/reception/gate.ts";
import type { Visit } from "../src/reception/visit.ts";
import { parseCommand } from "../src/smtp/command.ts";
import type { Syntax } from "../src/smtp/offer.ts";
import { formatReply } from "../src/smtp/reply.ts";
import { openJournal } from "../src/store/journal.ts";
import { systemClock } from "../src/time/system-clock.ts";
import { large, listed, routes, small } from "./policies.ts";
import * as replies from "../src/smtp/replies.ts";

/**
 * What a decision costs: `node bench/policy.ts [WORD]` prints microseconds for one, median and p99 of batches, with small and
 * large policies, and for a whole refused RCPT from its line to its reply. Only rows whose name holds WORD are measured.
 * Clients and recipients are distinct, so that nothing folds and no cache helps.
 */
const wanted = process.argv[2] ?? "";
const batch = 100;
const batches = 1_000;
const warmUps = 500;
const distinct = 8_192;

/** `settle` is part of what is measured: once a batch, what was put off. */
async function measure(name: string, act: (index: number) => void, settle?: () => Promise<void>): Promise<void> {
  const times: number[] = [];
  let index = 0;
  for (let at = -warmUps; at < batches; at++) {
    const began = performance.now();
    for (let done = 0; done < batch; done++) act(index++);
    if (settle !== undefined) await settle();
    if (at >= 0) times.push(((performance.now() - began) * 1_000) / batch);
  }
  times.sort((a, b) => a - b);
  const figure = (part: number) => (times[Math.floor(times.length * part)] ?? NaN).toFixed(2).padStart(9);
  process.stdout.write(`${name.padEnd(72)}${figure(0.5)}${figure(0.99)}\n`);
}

const everybody: Recipients = { here: () => "exact", there: () => "covered" };

function factsOf(client: Ip, forwardPath: Address): Facts {
  return {
    client,
    local: { family: 4, value: 0xc633640a },
    listener: { name: "relay", kind: "relay" },
    tls: false,
    account: null,
    reversePath: { localPart: "sender", domain: "other.test" },
    forwardPath,
    now: Date.now(),
    clockIsBehind: false,
  };
}

const stranger = (index: number): Ip => ({ family: 4, value: 0x2d000000 + index * 7_919 });
const stranger6 = (index: number): Ip => ({ family: 6, value: (0x2a0012345678n << 80n) + BigInt(index * 7_919) });
const inside = (index: number): Ip => ({ family: 4, value: 0x0a000000 + (index % 10_000) * 256 + 3 });
const shutOut = (index: number): Ip => ({ family: 4, value: 0x0a000000 + (index % 10_000) * 256 + 130 });
const to = (index: number, domain: string): Address => {
  // Read as RCPT reads it: strings that were put together are slower to look up.
  const address = parseAddress(`name${index}@${domain}`, { kind: "forward", allowsUtf8: true });
  if ("refused" in address) throw new Error(address.refused);
  return address;
};

process.stdout.write(`${"one decision, µs".padEnd(72)}${"median".padStart(9)}${"p99".padStart(9)}\n`);

type Asked = (index: number) => Facts;
const foreign: Asked = (index) => factsOf(stranger(index), to(index, `victim${index}.test`));
const ours: Asked = (index) => factsOf(stranger(index), to(index, `d${(index % 1_000) * 3}.example`));
const rows: readonly (readonly [string, () => Policy, Asked])[] = [
  ["small policy: stranger to a foreign domain, refused", small, foreign],
  ["small policy: stranger to ours", small, (index) => factsOf(stranger(index), to(index, "d0.example"))],
  [
    "small policy: granted client to a foreign domain",
    small,
    (index) => factsOf(inside(index % 256), to(index, "victim.test")),
  ],
  ["10,000 routes: stranger to a foreign domain, refused", routes, foreign],
  ["10,000 routes: stranger to ours", routes, ours],
  ["100,000 domains, 10,000 + 10,000 addresses: stranger, refused", large, foreign],
  [
    "100,000 domains, 10,000 + 10,000 addresses: IPv6 stranger, refused",
    large,
    (index) => factsOf(stranger6(index), to(index, `victim${index}.test`)),
  ],
  ["100,000 domains, 10,000 + 10,000 addresses: to ours", large, ours],
  [
    "100,000 domains, 10,000 + 10,000 addresses: to a deep subdomain of ours",
    large,
    (index) => factsOf(stranger(index), to(index, `a.b.c.d.e.d${(index % 1_000) * 3}.example`)),
  ],
  [
    "100,000 domains, 10,000 + 10,000 addresses: granted",
    large,
    (index) => factsOf(inside(index), to(index, `victim${index}.test`)),
  ],
  [
    "100,000 domains, 10,000 + 10,000 addresses: never",
    large,
    (index) => factsOf(shutOut(index), to(index, `victim${index}.test`)),
  ],
  [
    "10,000 listed recipients: listed and not",
    listed,
    (index) => factsOf(stranger(index), to(index * 2, "list.example")),
  ],
];
for (const [name, read, asked] of rows) {
  if (!name.includes(wanted)) continue;
  const policy = read();
  const facts = Array.from({ length: distinct }, (_, index) => asked(index));
  await measure(name, (index) => {
    const one = facts[index % distinct];
    if (one !== undefined) judge(policy, one, everybody);
  });
}

/** As in the server, but the store takes everything at once and nobody has an account. */
function gateOver(policy: Policy) {
  let id = 1_000_000_000;
  const log = openLog({
    output: { write: (_text, done) => done(), writeNow() {} },
    clock: systemClock,
    level: "info",
    format: "json",
  });
  const journal = openJournal({
    store: {
      commit: () => Promise.resolve([]),
      read: () => Promise.resolve([]),
      nextId: () => ++id,
      close: () => Promise.resolve(),
    },
    clock: systemClock,
    emit: log.emit,
  });
  const directory: Directory = {
    account: () => null,
    byLogin: () => null,
    canonicalLogin: (login) => login,
    ownsSender: () => false,
    existence: () => "none",
    expand: () => "none",
    hasVerifiers: false,
    accounts: () => [],
    aliases: () => [],
  };
  const gate = new Gate({
    policy: () => ({ policy, version: 1 }),
    directory,
    journal,
    verifier: { existence: () => "unknowable" },
    now: () => Date.now(),
    clockIsBehind: () => false,
    finalDelivery: { isFull: () => false },
    mailboxFull: replies.mailboxFull,
    emit: log.emit,
  });
  const settle = async () => {
    await journal.flush();
    await log.flush();
  };
  return { gate, settle };
}

function visitOf(client: Ip): Visit {
  return {
    session: "0123456789",
    client,
    clientText: formatIp(client),
    local: { family: 4, value: 0xc633640a },
    listener: { name: "relay", kind: "relay" },
    tls: null,
    account: null,
  };
}

const syntax: Syntax = { brackets: "required", smtpUtf8: true, eightBitMime: true, dsn: false, auth: false };
const reversePath: Address = { localPart: "sender", domain: "other.test" };

/** From the command line to the octets of the reply, with journal and log; the store and the socket are not in it. */
async function measureRefusals(name: string, read: () => Policy, lineOf: (index: number) => string): Promise<void> {
  if (!name.includes(wanted)) return;
  const { gate, settle } = gateOver(read());
  const visits = Array.from({ length: distinct }, (_, index) => visitOf(stranger(index)));
  const lines = Array.from({ length: distinct }, (_, index) => lineOf(index));
  const refuse = (index: number): void => {
    const visit = visits[Math.floor(index / 40) % distinct];
    const command = parseCommand({ flaw: null, text: lines[index % distinct] ?? "", isAscii: true }, syntax);
    if (visit === undefined || command.verb !== "RCPT") throw new Error("this is no RCPT");
    const answered = gate.recipient(visit, { reversePath, forwardPath: command.forwardPath });
    if (answered instanceof Promise || answered.answer.ok) throw new Error("this was to be refused at once");
    formatReply(answered.answer.reply);
  };
  await measure(name, refuse, settle);
}

const foreignLine = (index: number) => `RCPT TO:<name${index}@victim${index}.test>`;
await measureRefusals("whole RCPT, small policy: refused, nothing folds", small, foreignLine);
await measureRefusals(
  "whole RCPT, small policy: refused, 40 a client fold",
  small,
  (index) => `RCPT TO:<name${index}@victim.test>`,
);
await measureRefusals(
  "whole RCPT, small policy: unknown mailbox",
  small,
  (index) => `RCPT TO:<name${index}@d0.example>`,
);
await measureRefusals("whole RCPT, 100,000 domains, 10,000 + 10,000 addresses: refused", large, foreignLine);
