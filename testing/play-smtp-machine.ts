import assert from "node:assert/strict";
import { type Dialogue, matchesReplies, type Outcome } from "../src/cli/dialogue-file.ts";
import { SmtpMachine } from "./smtp-machine.ts";

/** How the octets of a client turn are cut; `turn` is its index among the client turns. */
export type Cut = (octets: Buffer, turn: number) => readonly Buffer[];

/** Plays a dialogue on the bare machine; throws an assertion error that names the line where it goes wrong. */
export function playOnMachine(dialogue: Dialogue, cut: Cut = (octets) => [octets]): void {
  const machine = new SmtpMachine(dialogue.given);
  let said: string[] = [];
  let clientTurn = 0;
  const listen = () => said.push(...machine.takeOutput().split("\r\n").slice(0, -1));
  const expectSilence = (line: number) =>
    assert.deepEqual(said, [], `line ${line}: the server said more than expected`);
  listen();
  for (const turn of dialogue.turns) {
    switch (turn.turn) {
      case "client":
        expectSilence(turn.line);
        for (const chunk of cut(turn.octets, clientTurn++)) machine.receive(chunk);
        listen();
        break;
      case "server":
        if (!matchesReplies(turn.patterns, said)) {
          assert.deepEqual(said, turn.patterns, `line ${turn.line}: the server says something else`);
        }
        said = [];
        break;
      case "handshake":
        expectSilence(turn.line);
        machine.handshake();
        break;
      case "closed":
        assert.ok(machine.isClosed, `line ${turn.line}: the connection is still open`);
        break;
      default:
        turn satisfies never;
    }
  }
  expectSilence(dialogue.turns.at(-1)?.line ?? 0);
  for (const outcome of dialogue.outcomes) expectOutcome(machine, outcome);
}

/** Octets one by one, and one cut at each place of each client turn. */
export function playUnderEveryCut(dialogue: Dialogue): void {
  playOnMachine(dialogue, (octets) => Array.from(octets, (_, at) => octets.subarray(at, at + 1)));
  const turns = dialogue.turns.flatMap((turn) => (turn.turn === "client" ? [turn.octets] : []));
  for (const [cutTurn, octets] of turns.entries()) {
    // Long runs of the same octet need not be cut at each.
    const step = octets.length > 2_000 ? 101 : 1;
    for (let at = 1; at < octets.length; at += step) {
      playOnMachine(dialogue, (whole, turn) =>
        turn === cutTurn ? [whole.subarray(0, at), whole.subarray(at)] : [whole],
      );
    }
  }
}

function expectOutcome(machine: SmtpMachine, outcome: Outcome): void {
  switch (outcome.outcome) {
    case "queued":
      return assert.equal(machine.accepted.length, outcome.count, "messages accepted");
    case "content":
      return assert.deepEqual(machine.accepted.at(-1)?.content.toString("latin1"), outcome.octets.toString("latin1"));
    case "event": {
      const wanted = Object.entries(outcome.fields);
      const found = machine.events.some(
        ({ name, fields }) => name === outcome.name && wanted.every(([key, value]) => fields[key] === value),
      );
      return assert.ok(found, `no event ${outcome.name} among ${JSON.stringify(machine.events)}`);
    }
    case "no event":
      return assert.ok(!machine.events.some(({ name }) => name === outcome.name), `an event ${outcome.name}`);
    default:
      return outcome satisfies never;
  }
}
