import assert from "node:assert/strict";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { assertKept, readDataFolder } from "./data-folder.ts";
import { type Acknowledged, load } from "./load.ts";
import { dataFolder, farDomain, type NumberedMessage, numberedMessage } from "./numbered-message.ts";
import type { NextHop } from "./next-hop.ts";
import type { Random } from "./seeded.ts";
import { type ServerProcess, startProcess } from "./server-process.ts";
import { Trap, type When } from "./trap.ts";

/** Copies of the log need much mail, so they come less often; a stop copies it too. */
const order: readonly When[] = [
  ...(["start", "delivery", "stop", "load", "start"] as const),
  ...(["delivery", "stop", "checkpoint", "load", "delivery"] as const),
];

export type Tally = {
  readonly kills: Record<When, number>;
  acknowledged: number;
  /** Recipients at the next hop, duplicates not counted. */
  delivered: number;
  duplicates: number;
  /** Over all kills, recipients whose attempt had begun by the record and was not recorded. */
  inHand: number;
  /** Kills at which there were any. */
  duringDelivery: number;
  /** Starts that took up what a killed one left, and came up. */
  recovered: number;
};

const hourMs = 3_600_000;

type Parts = {
  readonly above: string;
  readonly nextHop: NextHop;
  readonly random: Random;
  readonly tally: Tally;
  readonly startMs: number;
  readonly firstNumber: number;
};

/** One data folder and the servers that live and die on it. */
export class Victim {
  readonly #above: string;
  readonly #data: string;
  readonly #nextHop: NextHop;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #acknowledged: Acknowledged[] = [];
  /** How often each recipient was in hand when its server was killed. */
  readonly #inHand = new Map<string, number>();
  #number: number;
  #startMs: number;
  /** Each start comes after the leases of the one before have ended. */
  #aheadMs = 0;

  constructor({ above, nextHop, random, tally, startMs, firstNumber }: Parts) {
    this.#above = above;
    this.#data = join(above, dataFolder);
    this.#nextHop = nextHop;
    this.#random = random;
    this.#tally = tally;
    this.#startMs = startMs;
    this.#number = firstNumber;
  }

  async kill(times: number): Promise<void> {
    // A fresh data folder is killed while it is made.
    for (let killed = 0, turn = 0; killed < times; turn++) {
      const when = turn < 2 ? "start" : (order[turn % order.length] ?? "load");
      if (!(await this.#round(when))) continue;
      killed++;
      this.#tally.kills[when]++;
    }
  }

  /** Returns whether the server was killed; one that was told to end may have been quicker. */
  async #round(when: When): Promise<boolean> {
    const server = this.#start();
    const trap = new Trap(server, this.#random);
    try {
      return await this.#liveAndDie(when, { server, trap });
    } finally {
      trap.release(this.#nextHop);
      server.kill("SIGKILL");
    }
  }

  async #liveAndDie(
    when: When,
    { server, trap }: { readonly server: ServerProcess; readonly trap: Trap },
  ): Promise<boolean> {
    const began = performance.now();
    if (when === "start") trap.after(this.#random.between(0, this.#startMs * 1.2));
    const ready = await server.ready;
    if (ready !== null) {
      this.#startMs = performance.now() - began;
      const count = trap.arm(when, { nextHop: this.#nextHop, database: join(this.#data, "gatepost.db") });
      await this.#load(ready.port, { size: when === "checkpoint" ? "large" : undefined, acknowledged: count });
    }
    const code = await server.ended;
    assert.deepEqual(server.trouble, [], `killed at ${when}`);
    const inHand = this.#lookInHand();
    if (code === null) {
      for (const recipient of inHand) this.#inHand.set(recipient, (this.#inHand.get(recipient) ?? 0) + 1);
      this.#tally.inHand += inHand.length;
      if (inHand.length > 0) this.#tally.duringDelivery++;
      return true;
    }
    assert.deepEqual([when, code], ["stop", 0]);
    assert.deepEqual(inHand, [], "a server that ended in peace left nothing in hand");
    return false;
  }

  #start(): ServerProcess {
    this.#aheadMs += 2 * hourMs;
    return startProcess({ folder: this.#above, nextHop: this.#nextHop.port, aheadMs: this.#aheadMs });
  }

  async #load(
    port: number,
    { size, acknowledged }: { readonly size: "large" | undefined; readonly acknowledged: () => void },
  ): Promise<void> {
    if (this.#acknowledged.length > 0) this.#tally.recovered++;
    await load({
      port,
      sessions: this.#random.between(1, 8),
      take: (): NumberedMessage => numberedMessage(++this.#number, size),
      acknowledged: (message) => {
        this.#acknowledged.push(message);
        this.#tally.acknowledged++;
        acknowledged();
      },
    });
  }

  /**
   * Far recipients whose attempt was on record and not ended when the process ended. Asked of a copy: whoever opens the database
   * itself recovers it, which is the next start's part.
   */
  #lookInHand(): string[] {
    const path = join(this.#data, "gatepost.db");
    if (!existsSync(path)) return [];
    const copy = join(this.#above, "copy.db");
    for (const part of ["", "-wal", "-shm"]) rmSync(`${copy}${part}`, { force: true });
    for (const part of ["", "-wal"]) if (existsSync(`${path}${part}`)) copyFileSync(`${path}${part}`, `${copy}${part}`);
    const database = new DatabaseSync(copy);
    try {
      if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'recipient'").get() === undefined) return [];
      const held = "SELECT forward_path FROM recipient WHERE lease_until > ?";
      return database
        .prepare(held)
        .all(Date.now() + this.#aheadMs)
        .map((row) => String(row["forward_path"]));
    } finally {
      database.close();
    }
  }

  /** Starts servers that nobody kills until nothing waits any more; the first attempt at some is put off. */
  async deliverTheRest(): Promise<void> {
    for (let starts = 0; starts < 8; starts++) {
      this.#aheadMs += 24 * hourMs;
      const asked = this.#nextHop.awaitAsked(await this.#waiting());
      const server = this.#start();
      assert.ok((await server.ready) !== null, "a start after all the kills");
      await asked;
      server.kill("SIGTERM");
      assert.equal(await server.ended, 0);
      assert.deepEqual(server.trouble, []);
      assert.deepEqual(this.#lookInHand(), []);
      if ((await this.#waiting()).length === 0) return;
    }
    assert.fail(`still waiting: ${(await this.#waiting()).join()}`);
  }

  async #waiting(): Promise<string[]> {
    const { messages } = await readDataFolder(this.#data);
    return [...messages.values()].flatMap(({ queued }) => queued);
  }

  async compare(): Promise<string> {
    const { taken, changed } = this.#nextHop;
    assert.deepEqual(changed, []);
    assertKept(await readDataFolder(this.#data), {
      acknowledged: this.#acknowledged,
      isTaken: (recipient) => taken.has(recipient),
    });
    let duplicates = 0;
    for (const [recipient, times] of taken) {
      const inHand = this.#inHand.get(recipient) ?? 0;
      assert.ok(times <= 1 + inHand, `${recipient}: ${times} times, in hand at ${inHand} kills`);
      duplicates += times - 1;
    }
    this.#tally.delivered += taken.size;
    this.#tally.duplicates += duplicates;
    const far = this.#acknowledged.flatMap(({ recipients }) => recipients.filter((one) => one.endsWith(farDomain)));
    return `${this.#acknowledged.length} acknowledged, ${far.length} far recipients of them, ${duplicates} duplicates`;
  }
}
