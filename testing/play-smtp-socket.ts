import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Dialogue, Given, Outcome, Turn } from "../src/cli/dialogue-file.ts";
import { playDialogue } from "../src/cli/play-dialogue.ts";
import type { Config, ListenerConfig } from "../src/config/schema.ts";
import type { Event } from "../src/events/catalogue.ts";
import { openReceptionScene, type ReceptionScene } from "./reception-scene.ts";
import { type Cut, SocketPeer, whole } from "./socket-peer.ts";

/** `afterStartTls`: STARTTLS and a handshake are put behind the greeting. */
export type Way = "as written" | "implicit TLS" | "after STARTTLS";

/**
 * The world that a dialogue's `given` lines describe, as a whole reception on free ports. Clients are of 127.0.0.0/8:
 * 203.0.113.50 connects from 127.0.113.50, and so do grants.
 */
export async function openDialogueWorld(t: TestContext, given: readonly Given[]) {
  const world = readWorld(given);
  const scene = await openReceptionScene(t, world.options);
  return {
    async play(dialogue: Dialogue, { way = "as written", cut = whole }: { way?: Way; cut?: Cut } = {}): Promise<void> {
      const isTls = way === "implicit TLS" || (way === "as written" && world.isTls);
      const port = scene.portOf(isTls ? "implicit" : "clear");
      const before = scene.events.length;
      const peer = await SocketPeer.open({ port, from: world.client, isTls, cut });
      const played = await playDialogue({ ...dialogue, turns: turnsOn(way, dialogue.turns) }, peer, () => {});
      const surplus = await peer.finish();
      if (!played.passed) assert.fail(`${way}, line ${played.line}: ${played.problem}`);
      assert.equal(surplus, "", "the server said more than expected");
      const events = scene.events.slice(before);
      for (const outcome of dialogue.outcomes) await expectOutcome(scene, events, outcome);
      for (const name of ["session-opened", "session-closed"]) {
        assert.equal(events.filter((event) => event.name === name).length, 1, name);
      }
      assert.deepEqual(scene.eventsCalled("trouble"), []);
    },
  };
}

const startTls: readonly Turn[] = [
  { turn: "client", octets: Buffer.from("STARTTLS\r\n"), line: 0 },
  { turn: "server", patterns: ["220 2.0.0 ..."], line: 0 },
  { turn: "handshake", line: 0 },
];

/** A handshake behind the greeting makes no other difference to a dialogue that fits TLS. */
function turnsOn(way: Way, turns: readonly Turn[]): readonly Turn[] {
  const [greeting, ...rest] = turns;
  return way !== "after STARTTLS" || greeting === undefined ? turns : [greeting, ...startTls, ...rest];
}

/** Octets between two cuts of one play. */
const stride = 32;

/**
 * Every play cuts each client turn at other places, `stride` octets apart; together they cut each turn at every place.
 * One cut alone, everywhere, is what `playUnderEveryCut` does on the bare machine.
 */
export function everyCut({ turns }: Dialogue): readonly Cut[] {
  const lasts = lastPlaces(turns);
  const plays = Math.min(stride, Math.max(0, ...lasts));
  return Array.from({ length: plays }, (_, play) => (octets, turn) => {
    const places = [0, ...placesOf(lasts[turn] ?? 0, play)];
    return places.map((at, index) => octets.subarray(at, places[index + 1]));
  });
}

/** A turn that is shorter than others is cut again at the same places, not left whole. */
function placesOf(last: number, play: number): readonly number[] {
  // Long runs of the same octet need not be cut at each, only their ends.
  if (last > longRun) return [1 + play, (play + 1) * stride, last - play];
  const places: number[] = [];
  for (let at = 1 + (play % Math.max(1, last)); at <= last; at += stride) places.push(at);
  return places;
}

const longRun = 5_000;

/** Octets one by one; long runs of the same in pieces of a hundred. */
export function singly({ turns }: Dialogue): Cut {
  const lasts = lastPlaces(turns);
  return (octets, turn) => {
    const last = lasts[turn] ?? 0;
    const step = last > longRun ? 101 : 1;
    const pieces: Buffer[] = [];
    let at = 0;
    for (; at + step <= last; at += step) pieces.push(octets.subarray(at, at + step));
    return [...pieces, octets.subarray(at)];
  };
}

/**
 * The last place of each client turn where it may be cut. What comes behind STARTTLS in a segment of its own is no cut of the
 * dialogue any more: it is part of the handshake.
 */
function lastPlaces(turns: readonly Turn[]): readonly number[] {
  return turns.flatMap((turn, index) => {
    if (turn.turn !== "client") return [];
    const isStartTls = turns[index + 2]?.turn === "handshake";
    return [(isStartTls ? turn.octets.indexOf("\n") + 1 : turn.octets.length) - 1];
  });
}

async function expectOutcome(scene: ReceptionScene, events: readonly Event[], outcome: Outcome): Promise<void> {
  switch (outcome.outcome) {
    case "queued":
      return assert.equal(
        events.filter(({ name }) => name === "message-accepted").length,
        outcome.count,
        "messages accepted",
      );
    case "content":
      return assert.equal(
        withoutTrace(await scene.lastKept()).toString("latin1"),
        outcome.octets.toString("latin1"),
        "content",
      );
    case "event": {
      const wanted = Object.entries(outcome.fields);
      const found = events.some(
        (event) =>
          event.name === outcome.name &&
          wanted.every(([key, value]) => String(Object.entries(event).find(([field]) => field === key)?.[1]) === value),
      );
      return assert.ok(found, `no event ${outcome.name} among ${JSON.stringify(events)}`);
    }
    case "no event":
      return assert.ok(!events.some(({ name }) => name === outcome.name), `an event ${outcome.name}`);
    default:
      return outcome satisfies never;
  }
}

/** The Received field on top ends with the first line end that no blank follows. */
function withoutTrace(kept: Buffer): Buffer {
  assert.match(kept.toString("latin1", 0, 9), /^Received:/);
  let end = kept.indexOf("\r\n");
  while (kept[end + 2] === 0x20 || kept[end + 2] === 0x09) end = kept.indexOf("\r\n", end + 2);
  return kept.subarray(end + 2);
}

type ReadWorld = {
  readonly options: Parameters<typeof openReceptionScene>[1];
  readonly client: string;
  readonly isTls: boolean;
};

function readWorld(given: readonly Given[]): ReadWorld {
  const of = <K extends Given["given"]>(kind: K) =>
    given.filter((one): one is Extract<Given, { given: K }> => one.given === kind);
  const settings = new Map(of("setting").map(({ name, value }) => [name, value]));
  const { kind = "relay", client = null, isTls = false } = of("listener")[0] ?? {};
  const passwords = new Map(of("account").map(({ name, password }) => [name, password]));
  const mailboxes = of("local").flatMap(({ domain, mailboxes }) => mailboxes.map((name) => `${name}@${domain}`));
  const domains = new Set(of("local").map(({ domain }) => domain));
  const home = [...domains][0] ?? "mx.example.test";
  const logins = new Map(
    [...passwords].map(([name, password]) => [name.includes("@") ? name : `${name}@${home}`, password]),
  );
  for (const address of logins.keys()) domains.add(address.slice(address.indexOf("@") + 1));
  return {
    options: {
      listeners: listenersFor(settings, { kind, auth: kind === "submission" || passwords.size > 0 }),
      limits: limitsFor(settings),

      policy: policyFor(domains, { relay: of("relay"), never: of("never") }),
      accounts: [...new Set([...mailboxes, ...logins.keys()])].map((address) => {
        const password = logins.get(address);
        return password === undefined ? { address } : { address, password: { password } };
      }),
    },
    client: onLoopback(client ?? "203.0.113.50"),
    isTls,
  };
}

function listenersFor(
  settings: ReadonlyMap<string, string>,
  listener: Pick<ListenerConfig, "kind" | "auth">,
): readonly (Pick<ListenerConfig, "name" | "kind"> & Partial<ListenerConfig>)[] {
  const off = new Set((settings.get("off") ?? "").split(" "));
  const both = {
    ...listener,
    allowClearAuth: settings.get("auth-in-clear") === "yes",
    brackets: settings.get("brackets") === "optional" ? "optional" : "required",
    bareLineEnds: settings.get("bare-line-ends") === "normalise" ? "normalise" : "refuse",
    extensionsOff: (["8BITMIME", "SMTPUTF8"] as const).filter((extension) => off.has(extension)),
  } as const;
  return [
    { name: "clear", tls: off.has("STARTTLS") ? "none" : "starttls", ...both },
    { name: "implicit", tls: "implicit", ...both },
  ];
}

function limitsFor(settings: ReadonlyMap<string, string>): Partial<Config["limits"]> {
  return { messageSize: Number(settings.get("size") ?? 0), recipients: Number(settings.get("recipients") ?? 100) };
}

type Lists = Record<"relay" | "never", readonly { readonly clients: string }[]>;

function policyFor(domains: Iterable<string>, { relay, never }: Lists): string {
  const list = (name: string, entries: Lists["relay"]) =>
    entries.length === 0
      ? ""
      : `  ${name}:\n${entries.map(({ clients }, at) => `    - { id: ${name}-${at}, match: ${onLoopback(clients)} }\n`).join("")}`;
  const routes = Array.from(domains, (domain) => `  - { sent-to: "#${domain}", route: inbound }\n`).join("");
  return `${routes === "" ? "" : `routing:\n${routes}`}relay:\n  authenticated: true\n${list("addresses", relay)}${list("never", never)}`;
}

/** 203.0.113.50 → 127.0.113.50, 192.0.2.0/24 → 127.0.2.0/24. */
function onLoopback(client: string): string {
  const [, rest = ""] = /^[0-9]+\.[0-9]+(\.[0-9]+\.[0-9]+(?:\/[0-9]+)?)$/.exec(client) ?? [];
  return rest === "" ? assert.fail(`no client of the loopback network stands for ${client}`) : `127.0${rest}`;
}
