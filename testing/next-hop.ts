import assert from "node:assert/strict";
import { once } from "node:events";
import { duplexPair, type Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type Dialogue, readOctets } from "../src/cli/dialogue-file.ts";
import { Connector } from "../src/delivery/connector.ts";
import { HostsRemote } from "../src/delivery/hosts-remote.ts";
import type { Outgoing, SendResult, Target } from "../src/delivery/target.ts";
import type { Event } from "../src/events/catalogue.ts";
import type { Dial } from "../src/net/dial.ts";
import { FakeClock } from "./fake-clock.ts";

/** The timeouts of RFC 5321 §4.5.3.2. */
export const limits = {
  connect: 30_000,
  greeting: 300_000,
  command: 300_000,
  data: 120_000,
  content: 180_000,
  endOfContent: 600_000,
};

/** A next hop in memory: a test says what it hears and says, connection by connection. */
export class NextHop {
  readonly clock = new FakeClock();
  readonly events: Event[] = [];
  readonly remote: HostsRemote;
  readonly #waiting: Duplex[] = [];
  dials = 0;

  constructor(options: { readonly messagesPerConnection?: number } = {}) {
    const dial: Dial = () => {
      this.dials++;
      const [ours, theirs] = duplexPair();
      this.#waiting.push(theirs);
      return Promise.resolve(ours);
    };
    const { clock } = this;
    const emit = (event: Event) => void this.events.push(event);
    this.remote = new HostsRemote({
      connector: new Connector({ hello: "mail.example.com", clock, dial, emit }),
      limits,
      messagesPerConnection: options.messagesPerConnection ?? 100,
      idleMs: 5_000,
      clock,
    });
  }

  /** The next connection that was dialled; fails when nobody dials. */
  async accept(): Promise<HopEnd> {
    for (let turn = 0; turn < 50 && this.#waiting.length === 0; turn++) await nextTurn();
    return new HopEnd(this.#waiting.shift() ?? assert.fail("nobody dialled"));
  }
}

/** The hop's end of a connection. */
export class HopEnd {
  #stream: Duplex;
  readonly #mostTurns: number;
  #heard = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  /** In memory it is known soon that nothing more comes; over a socket the test's own timeout ends the waiting. */
  constructor(stream: Duplex, mostTurns = 50) {
    this.#stream = stream;
    this.#mostTurns = mostTurns;
    this.#listen();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  say(...pieces: readonly (string | Buffer)[]): void {
    for (const piece of pieces) this.#stream.write(piece);
  }

  /** What was said before still arrives. */
  close(): void {
    this.#stream.end();
  }

  /** Waits until the client said exactly this, and nothing more. */
  async hear(wanted: string | Buffer): Promise<void> {
    const octets = Buffer.from(wanted);
    await this.#until(() => this.#heard.length >= octets.length);
    const heard = this.#heard;
    this.#heard = Buffer.alloc(0);
    assert.equal(heard.toString("latin1"), octets.toString("latin1"));
  }

  /** The next line, without its end. */
  async hearLine(): Promise<string> {
    await this.#until(() => this.#heard.includes("\r\n"));
    const end = this.#heard.indexOf("\r\n");
    if (end < 0) assert.fail(`no whole line: ${this.#heard.toString("latin1")}`);
    const line = this.#heard.toString("utf8", 0, end);
    this.#heard = this.#heard.subarray(end + 2);
    return line;
  }

  /** Anything at all; it is still to be heard. */
  async hearSomething(): Promise<void> {
    await this.#until(() => this.#heard.length > 0);
  }

  async closed(): Promise<void> {
    await this.#until(() => false);
  }

  /** The server's side of the handshake that the client began. */
  async startTls({ certificate, key }: { readonly certificate: string; readonly key: string }): Promise<TLSSocket> {
    this.#stream.removeAllListeners();
    const secure = new TLSSocket(this.#stream, { isServer: true, cert: certificate, key });
    this.#stream = secure;
    this.#listen();
    await once(secure, "secure");
    return secure;
  }

  #listen(): void {
    this.#stream.on("data", (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      this.#wake();
    });
    for (const end of ["end", "close", "error"]) {
      this.#stream.on(end, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (let turn = 0; turn < this.#mostTurns && !isSo() && !this.#isClosed; turn++) {
      if (this.#mostTurns < Infinity) await nextTurn();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export const target: Target = {
  key: "r.test",
  hosts: [{ name: "mx.r.test", ip: { family: 4, value: 0xc0000207 }, port: 25 }],
  tls: "opportunistic",
};

/** How the octets of a turn of the server are cut; `turn` is its index among those. */
export type Cut = (octets: Buffer, turn: number) => readonly Buffer[];

/**
 * Plays a dialogue whose `C:` lines are ours: the server's lines are said, the client's are compared. Its world:
 *
 *     given  setting to ok@r.test gone@r.test      the recipients; also: from, content, body, smtputf8, ret, envid, notify, orcpt, tls, account
 *     ---- closed                                  the server closes; if the client dials again, the next lines are that connection's
 *     then   event accepted to=ok@r.test           what became of each recipient
 */
export async function playAtClient(dialogue: Dialogue, cut: Cut = (octets) => [octets]): Promise<void> {
  const hop = new NextHop();
  const { sent, recipients } = begin(hop, dialogue);
  let end = await hop.accept();
  let serverTurn = 0;
  for (const [index, turn] of dialogue.turns.entries()) {
    switch (turn.turn) {
      case "server":
        end.say(...cut(readOctets(turn.patterns.map((line) => `${line}<CRLF>`).join("")), serverTurn++));
        break;
      case "client":
        await end.hear(turn.octets).catch((error: Error) => {
          throw new Error(`line ${turn.line}: ${error.message}`, { cause: error });
        });
        break;
      case "closed":
        end.close();
        if (index + 1 < dialogue.turns.length) end = await hop.accept();
        break;
      case "handshake":
        throw new Error(`line ${turn.line}: there is no TLS in memory`);
      default:
        turn satisfies never;
    }
  }
  compare(dialogue, { ...(await settled(sent, hop)), recipients }, hop.events);
}

/** Octets one by one, and one cut at each place of each turn of the server. */
export async function playUnderEveryCut(dialogue: Dialogue): Promise<void> {
  await playAtClient(dialogue, (octets) => Array.from(octets, (_, at) => octets.subarray(at, at + 1)));
  const turns = dialogue.turns.flatMap((turn) =>
    turn.turn === "server" ? [readOctets(turn.patterns.map((line) => `${line}<CRLF>`).join(""))] : [],
  );
  for (const [cutTurn, octets] of turns.entries()) {
    for (let at = 1; at < octets.length; at++) {
      await playAtClient(dialogue, (whole, turn) =>
        turn === cutTurn ? [whole.subarray(0, at), whole.subarray(at)] : [whole],
      );
    }
  }
}

const known = new Set(["to", "from", "content", "body", "smtputf8", "ret", "envid", "notify", "orcpt", "tls"]);

function begin(hop: NextHop, { given }: Dialogue) {
  const settings = new Map<string, string>();
  for (const one of given) {
    if (one.given !== "setting" || !known.has(one.name)) throw new Error(`what is given here: ${JSON.stringify(one)}?`);
    settings.set(one.name, one.value);
  }
  const recipients = (settings.get("to") ?? "ok@r.test").split(" ");
  const sent = hop.remote.send(
    { ...target, tls: settings.get("tls") === "require" ? "require" : "opportunistic" },
    outgoing({
      reversePath: settings.get("from")?.replace("<>", "") ?? "a@example.com",
      recipients: recipients.map((forwardPath) => ({
        forwardPath,
        orcpt: settings.get("orcpt") ?? null,
        notify: settings.get("notify") ?? null,
      })),
      content: settings.get("content") ?? "Subject: t<CRLF><CRLF>x<CRLF>",
      body: settings.get("body") === "8BITMIME" ? "8BITMIME" : "7BIT",
      smtpUtf8: settings.get("smtputf8") === "yes",
      ret: settings.get("ret") === "FULL" ? "FULL" : settings.get("ret") === "HDRS" ? "HDRS" : null,
      envid: settings.get("envid") ?? null,
    }),
  );
  return { sent, recipients };
}

/** A message as the runner hands it over; the content with the escapes of dialogues. */
export function outgoing(
  message: Partial<Omit<Outgoing, "content">> & { readonly content?: string; readonly to?: readonly string[] } = {},
): Outgoing {
  const { content = "Subject: t<CRLF><CRLF>x<CRLF>", to = ["ok@r.test"], ...changes } = message;
  const bytes = readOctets(content);
  return {
    id: "M1",
    reversePath: "a@example.com",
    recipients: to.map((forwardPath) => ({ forwardPath, orcpt: null, notify: null })),
    body: "7BIT",
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

/** The outcome; when the client still waits, the longest of its timeouts passes first. */
export async function settled(sent: Promise<SendResult>, { clock }: Pick<NextHop, "clock">): Promise<SendResult> {
  let isSettled = false;
  const watched = sent.finally(() => (isSettled = true));
  await clock.pass(0);
  if (!isSettled) await clock.pass(limits.endOfContent);
  if (!isSettled) throw new Error("the client waits for something that no timeout ends");
  return watched;
}

function compare(
  { outcomes: wanted }: Dialogue,
  { outcomes, isDown, recipients }: SendResult & { readonly recipients: readonly string[] },
  events: readonly Event[],
): void {
  assert.ok(wanted.length > 0, "the dialogue expects nothing");
  const happened = outcomes.map(({ result, code, status, said, peerReports }, index) => ({
    name: result,
    fields: {
      to: recipients[index],
      status,
      code: String(code),
      doubt: String(said.includes("duplicate")),
      reports: peerReports === true ? "peer" : "we",
    },
  }));
  const all: { name: string; fields: Record<string, unknown> }[] = [
    ...happened,
    ...events.map(({ name }) => ({ name, fields: {} })),
  ];
  if (isDown) all.push({ name: "down", fields: {} });
  for (const outcome of wanted) {
    const matches = all.some(
      ({ name, fields }) =>
        "name" in outcome &&
        name === outcome.name &&
        ("fields" in outcome ? Object.entries(outcome.fields).every(([key, value]) => fields[key] === value) : true),
    );
    const told = JSON.stringify(all);
    if (outcome.outcome === "event") assert.ok(matches, `no ${JSON.stringify(outcome)} among ${told}`);
    else if (outcome.outcome === "no event") assert.ok(!matches, `${outcome.name} among ${told}`);
    else throw new Error(`what outcome is ${outcome.outcome} here?`);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
