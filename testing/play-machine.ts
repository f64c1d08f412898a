import assert from "node:assert/strict";
import type { Turn } from "../src/cli/dialogue-file.ts";
import { matchesLine } from "../src/cli/dialogue-file.ts";
import type { Cut } from "./socket-peer.ts";

/** The machines of a protocol put together without a socket. */
export interface Machine {
  receive(octets: Buffer): void | Promise<void>;
  /** What the server said since the last call. */
  takeOutput(): string;
  handshake(): void;
  readonly isClosed: boolean;
}

/** Plays the turns of a dialogue; throws an assertion error that names the line where it goes wrong. */
export async function playTurns(machine: Machine, turns: readonly Turn[], cut: Cut): Promise<void> {
  let said: string[] = [];
  let clientTurn = 0;
  const listen = () => said.push(...machine.takeOutput().split("\r\n").slice(0, -1));
  const expectSilence = (line: number) =>
    assert.deepEqual(said, [], `line ${line}: the server said more than expected`);
  listen();
  for (const turn of turns) {
    switch (turn.turn) {
      case "client":
        expectSilence(turn.line);
        for (const chunk of cut(turn.octets, clientTurn++)) await machine.receive(chunk);
        listen();
        break;
      case "server":
        if (!matchesLines(turn.patterns, said)) {
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
  expectSilence(turns.at(-1)?.line ?? 0);
}

/** Octets one by one, and one cut at each place of each client turn. */
export async function underEveryCut(turns: readonly Turn[], play: (cut: Cut) => Promise<void>): Promise<void> {
  await play((octets) => Array.from(octets, (_, at) => octets.subarray(at, at + 1)));
  const clientTurns = turns.flatMap((turn) => (turn.turn === "client" ? [turn.octets] : []));
  for (const [cutTurn, octets] of clientTurns.entries()) {
    // Long runs of the same octet need not be cut at each.
    const step = octets.length > 2_000 ? 101 : 1;
    for (let at = 1; at < octets.length; at += step)
      await play((all, turn) => (turn === cutTurn ? [all.subarray(0, at), all.subarray(at)] : [all]));
  }
}

/** "..." alone stands for any lines, at least one. */
export function matchesLines(patterns: readonly string[], lines: readonly string[]): boolean {
  const [pattern, ...more] = patterns;
  const [line, ...rest] = lines;
  if (pattern === undefined) return lines.length === 0;
  if (line === undefined) return false;
  if (pattern !== "...") return matchesLine(pattern, line) && matchesLines(more, rest);
  return matchesLines(more, rest) || matchesLines(patterns, rest);
}
