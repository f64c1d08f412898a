import { z } from "zod";
import { parseDuration } from "../config/duration.ts";
import { printable } from "../events/escape.ts";
import { readDialogue, type Dialogue } from "./dialogue-file.ts";
import { textFrom } from "./input.ts";
import { openPeer, playDialogue, type Played } from "./play-dialogue.ts";
import { UsageError } from "./usage-error.ts";

const optionsSchema = z.object({
  host: z.string(),
  port: z.coerce.number().int().min(1).max(65_535),
  tls: z.boolean().optional(),
  patience: z.string(),
  json: z.boolean().optional(),
});

/** `gatepost say FILE --host H --port P`: exits 0 when the host says all that the dialogue expects, else 1. */
export async function sayCommand(file: string, options: object): Promise<number> {
  const read = optionsSchema.safeParse(options);
  if (!read.success) throw new UsageError(`--port: a number from 1 to 65535 is wanted`);
  const { host, port, tls, patience, json } = read.data;
  const patienceMs = parseDuration(patience);
  if (typeof patienceMs !== "number")
    throw new UsageError(`--patience ${JSON.stringify(patience)} ${patienceMs.refused}`);
  const dialogue = dialogueOf(file, await textFrom(file));
  const say = json === true ? () => {} : (line: string) => void process.stdout.write(`${line}\n`);
  if (dialogue.given.length > 0) say("# What is given cannot be set up here: the host is taken as it is.");
  const peer = await openPeer({ host, port, isTls: tls === true, patienceMs });
  let played: Played;
  try {
    played = await playDialogue(dialogue, peer, say);
  } finally {
    peer.end();
  }
  if (json === true) process.stdout.write(`${JSON.stringify({ title: dialogue.title, ...played })}\n`);
  else if (played.passed) say("Everything was said as expected.");
  else process.stderr.write(`${file}, line ${played.line}: ${printable(played.problem)}\n`);
  return played.passed ? 0 : 1;
}

function dialogueOf(file: string, text: string): Dialogue {
  try {
    return readDialogue(text);
  } catch (error) {
    throw new UsageError(`${file} is no dialogue: ${error instanceof Error ? error.message : String(error)}`);
  }
}
