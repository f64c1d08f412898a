import assert from "node:assert/strict";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ImapClient } from "./imap-client.ts";
import { load } from "./load.ts";
import { MailboxBook } from "./mailbox-book.ts";
import { lanes, MailboxLane } from "./mailbox-lane.ts";
import { lookAt } from "./mailbox-look.ts";
import { Outcome } from "./mailbox-outcome.ts";
import { assertRowsAgree, assertSwept } from "./mailbox-rows.ts";
import { dataFolder, localDomain, numberedMessage, type Size } from "./numbered-message.ts";
import type { Random } from "./seeded.ts";
import { type Ports, type ServerProcess, startProcess } from "./server-process.ts";
import { Trap, type When } from "./trap.ts";

export type MailboxTally = {
  readonly kills: Record<Exclude<When, "delivery">, number>;
  /** Operations that were acknowledged, by what they do. */
  readonly acknowledged: Record<string, number>;
  /** Operations that were under way at a kill, and how many of them had happened. */
  underWay: number;
  happened: number;
  /** Messages that were there at the end. */
  kept: number;
};

/** Copies of the log need many operations, so they come less often; a stop copies it too. */
const order: readonly (keyof MailboxTally["kills"])[] = [
  ...(["load", "load", "stop", "load", "load", "start"] as const),
  ...(["load", "stop", "load", "checkpoint"] as const),
];

/** Who reads. */
const accounts = ["ann", "ben"] as const;
/** Numbers from here on, above the first of all, come by SMTP. */
const bySmtp = 500_000;
/** A server that takes nothing from its queue asks nothing of a next hop. */
const noHop = { port: 1, atMoment: () => {} };

type Parts = {
  readonly above: string;
  readonly random: Random;
  readonly tally: MailboxTally;
  readonly startMs: number;
  readonly firstNumber: number;
};

type Round = {
  readonly acknowledged: () => void;
  readonly isEnding: () => boolean;
  readonly size: Size | undefined;
};

/** One data folder, its mailboxes, and the servers that live and die on it. */
export class MailboxVictim {
  readonly #parts: Parts;
  readonly #data: string;
  readonly #books = new Map(accounts.map((account) => [account, new MailboxBook()]));
  readonly #lanes = new Map<(typeof accounts)[number], MailboxLane[]>();
  /** What was sent by SMTP: to whom, and whether it was acknowledged. */
  readonly #sent = new Map<number, { readonly accounts: readonly string[]; isAcknowledged: boolean }>();
  /** Messages whose octets were compared since they came where they are. */
  readonly #compared = new Set<string>();
  #names = 0;
  #startMs: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#data = join(parts.above, dataFolder);
    this.#startMs = parts.startMs;
    for (const [index, account] of accounts.entries()) {
      this.#lanes.set(
        account,
        Array.from({ length: lanes }, (_, lane) => this.#laneOf(account, { lane, index })),
      );
    }
  }

  #laneOf(
    account: (typeof accounts)[number],
    { lane, index }: { readonly lane: number; readonly index: number },
  ): MailboxLane {
    const { firstNumber, random } = this.#parts;
    let number = firstNumber + lanes * (index + 1) + lane;
    return new MailboxLane({
      lane,
      book: this.#bookOf(account),
      random,
      nextName: () => ++this.#names,
      nextNumber: () => (number += lanes * accounts.length),
      isDelivered: (one) => this.#sent.has(one),
    });
  }

  #bookOf(account: (typeof accounts)[number]): MailboxBook {
    return this.#books.get(account) ?? assert.fail();
  }

  async kill(times: number): Promise<void> {
    for (let killed = 0, turn = 0; killed < times; turn++) {
      const when = order[turn % order.length] ?? "load";
      if (!(await this.#round(when))) continue;
      killed++;
      this.#parts.tally.kills[when]++;
    }
  }

  /** Returns whether the server was killed; one that was told to end may have been quicker. */
  async #round(when: keyof MailboxTally["kills"]): Promise<boolean> {
    const { random } = this.#parts;
    const server = this.#start();
    const trap = new Trap(server, random);
    try {
      const began = performance.now();
      if (when === "start") trap.after(random.between(0, this.#startMs * 1.2));
      const ports = await server.ready;
      if (ports !== null && when !== "start") {
        this.#startMs = performance.now() - began;
        await this.#compare(ports.imapPort, "new");
        const count = trap.arm(when, { nextHop: noHop, database: join(this.#data, "gatepost.db"), most: 120 });
        // Copies of the log need much mail.
        const size = when === "checkpoint" ? "large" : undefined;
        await this.#change(ports, { acknowledged: count, isEnding: () => when === "stop", size });
      }
      const code = await server.ended;
      assert.deepEqual(server.trouble, [], `killed at ${when}`);
      this.#assertRowsAgree();
      if (code !== null) assert.deepEqual([when, code], ["stop", 0]);
      return code === null;
    } finally {
      trap.release(noHop);
      server.kill("SIGKILL");
    }
  }

  #start(): ServerProcess {
    return startProcess({ folder: this.#parts.above, nextHop: noHop.port });
  }

  /** Some lanes of each account, and mail that comes in, until the server is gone. */
  async #change({ port, imapPort }: Ports, round: Round): Promise<void> {
    const { random } = this.#parts;
    const sessions: Promise<void>[] = [];
    for (const [account, all] of this.#lanes) {
      // The first makes the mailboxes that the others need.
      for (const lane of all.slice(0, random.between(1, lanes))) {
        sessions.push(this.#session(imapPort, { account, lane, round }));
      }
    }
    sessions.push(this.#deliver(port, round));
    await Promise.all(sessions);
  }

  async #session(
    port: number,
    {
      account,
      lane,
      round,
    }: {
      readonly account: string;
      readonly lane: MailboxLane;
      readonly round: Round;
    },
  ): Promise<void> {
    const client = new ImapClient(port, `${account}${lane.lane}`);
    try {
      if (await client.login(account)) await lane.run({ ...round, client });
    } finally {
      client.end();
    }
  }

  async #deliver(port: number, { acknowledged, size }: Round): Promise<void> {
    const { firstNumber, random } = this.#parts;
    const { acknowledged: counts } = this.#parts.tally;
    await load({
      port,
      sessions: random.between(1, 2),
      take: () => {
        const number = firstNumber + bySmtp + this.#sent.size;
        const to = accounts.filter((_, index) => number % 3 !== index + 1);
        this.#sent.set(number, { accounts: to, isAcknowledged: false });
        return { ...numberedMessage(number, size), recipients: to.map((account) => `${account}@${localDomain}`) };
      },
      acknowledged: ({ number }) => {
        (this.#sent.get(number) ?? assert.fail()).isAcknowledged = true;
        counts["deliver"] = (counts["deliver"] ?? 0) + 1;
        acknowledged();
      },
    });
  }

  /** What IMAP tells is what was promised. `octets`: of what is new where it is, or of everything. */
  async #compare(port: number, octets: "new" | "all"): Promise<void> {
    for (const account of accounts) {
      const client = new ImapClient(port, `look-${account}`);
      assert.ok(await client.login(account));
      const found = await lookAt(client, (mailbox, uid) => {
        const place = `${account} ${mailbox} ${uid}`;
        const isNew = !this.#compared.has(place);
        this.#compared.add(place);
        return isNew || octets === "all";
      });
      client.end();
      const book = this.#bookOf(account);
      // At first.
      if (book.called("INBOX") === null) book.see(++this.#names, { name: "INBOX", uidValidity: null });
      const underWay = (this.#lanes.get(account) ?? []).flatMap((lane) => lane.takeUnderWay());
      const outcome = new Outcome(book, found);
      for (const { mailbox, found: one } of outcome.settle(underWay)) {
        const { accounts: to } = this.#sent.get(one.number) ?? assert.fail(`message ${one.number} was never sent`);
        assert.ok(to.includes(account), `message ${one.number} is not for ${account}`);
        assert.equal(one.flags, "");
        book.adopt(++this.#names, { ...one, mailbox });
      }
      outcome.finish();
      this.#parts.tally.underWay += underWay.length;
      this.#parts.tally.happened += outcome.happened;
    }
    this.#assertDelivered();
  }

  /** For all of its recipients, when it was acknowledged; for all or none when not. */
  #assertDelivered(): void {
    for (const [number, { accounts: to, isAcknowledged }] of this.#sent) {
      const there = to.filter((account) => this.#bookOf(account as "ann").delivered.has(number));
      if (there.length === to.length) continue;
      assert.deepEqual(there, [], `message ${number} came to some of its recipients`);
      assert.ok(!isAcknowledged, `message ${number} is lost`);
    }
  }

  /** Asked of a copy: whoever opens the database itself recovers it, which is the next start's part. */
  #assertRowsAgree(): void {
    const path = join(this.#data, "gatepost.db");
    if (!existsSync(path)) return;
    const copy = join(this.#parts.above, "copy.db");
    for (const part of ["", "-wal", "-shm"]) rmSync(`${copy}${part}`, { force: true });
    for (const part of ["", "-wal"]) if (existsSync(`${path}${part}`)) copyFileSync(`${path}${part}`, `${copy}${part}`);
    const database = new DatabaseSync(copy);
    try {
      if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'expunged'").get() === undefined) return;
      assertRowsAgree(database, this.#data);
    } finally {
      database.close();
    }
  }

  /** Starts a server that nobody kills, and compares everything with it and, after its end, with the database. */
  async compareAll(): Promise<string> {
    const server = this.#start();
    try {
      const { imapPort } = (await server.ready) ?? assert.fail("a start after all the kills");
      await this.#compare(imapPort, "all");
      server.kill("SIGTERM");
      assert.equal(await server.ended, 0);
      assert.deepEqual(server.trouble, []);
    } finally {
      server.kill("SIGKILL");
    }
    const database = new DatabaseSync(join(this.#data, "gatepost.db"));
    try {
      assert.equal(database.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok");
      assert.deepEqual(database.prepare("PRAGMA foreign_key_check").all(), []);
      assertRowsAgree(database, this.#data);
      assertSwept(database, this.#data);
    } finally {
      database.close();
    }
    const { tally } = this.#parts;
    let kept = 0;
    for (const { messages } of this.#books.values()) kept += messages.size;
    tally.kept += kept;
    for (const lane of [...this.#lanes.values()].flat()) {
      for (const [what, times] of Object.entries(lane.count)) {
        tally.acknowledged[what] = (tally.acknowledged[what] ?? 0) + times;
      }
    }
    const acknowledged = [...this.#sent.values()].filter(({ isAcknowledged }) => isAcknowledged).length;
    return `${kept} messages in mailboxes, ${acknowledged} came by SMTP`;
  }
}
