import assert from "node:assert/strict";

/** One parser and what it promises. */
export type Target = {
  readonly name: string;
  /** Good inputs, as Latin-1 where the parser reads octets: mutations begin with them. */
  readonly seeds: readonly string[];
  /** What the grammar is made of: mutations put these in. */
  readonly words: readonly string[];
  /** Throws when the parser breaks its word: another error than its own refusal, a round trip that does not come back. */
  readonly check: (input: string) => void | Promise<void>;
};

/** A generator of numbers from a seed (mulberry32): the same seed, the same inputs. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export type FuzzOptions = {
  readonly seed: number;
  readonly forMs: number;
  /** Of a large input. */
  readonly octets?: number;
};

/** Feeds mutated inputs for a while; returns how many. The error of a find shows the input that made it, made smaller. */
export async function fuzz(target: Target, { seed, forMs }: FuzzOptions): Promise<number> {
  const random = randomOf(seed);
  const until = performance.now() + forMs;
  let count = 0;
  for (; performance.now() < until; count++) {
    const input = mutated(target, random);
    const find = await failureOf(target, input);
    if (find === null) continue;
    const small = await smaller(target, input);
    throw new Error(`${target.name}, seed ${seed}, input ${JSON.stringify(small)}`, { cause: find });
  }
  return count;
}

async function failureOf({ check }: Target, input: string): Promise<unknown> {
  const began = cpuMs();
  try {
    await check(input);
  } catch (error) {
    return error;
  }
  const took = cpuMs() - began;
  return took < longestMs ? null : new Error(`${took} ms for ${input.length} characters`);
}

/** Of this thread, so that neighbours on the machine do not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** For inputs of at most 20,000 characters: what takes longer is not bounded. */
const longestMs = 2_000;

/** Cuts pieces out as long as it still fails. */
async function smaller(target: Target, input: string): Promise<string> {
  let best = input;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length;) {
      const shorter = best.slice(0, at) + best.slice(at + size);
      if (shorter.length < best.length && (await failureOf(target, shorter)) !== null) best = shorter;
      else at += size;
    }
  }
  return best;
}

const odd = [
  "",
  "\0",
  "\r",
  "\n",
  "\r\n",
  "\t",
  " ",
  "\x7f",
  "\x80",
  "\xff",
  "\ud800",
  "\u{1f600}",
  "é",
  "ß",
  "ſ",
  "\ufeff",
  "\u2028",
  "\u3002",
];
const usual = Array.from("abcXYZ0189-_.@:;,<>()[]{}\"'\\/%!#$&*+=?^`|~");

function mutated({ seeds, words }: Target, random: (below: number) => number): string {
  const pick = (from: readonly string[]) => from[random(from.length)] ?? "";
  const piece = () => pick([words, words, odd, usual][random(4)] ?? usual);
  let text = random(5) === 0 ? Array.from({ length: random(12) }, piece).join("") : pick(seeds);
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(text.length + 1);
    const end = Math.min(text.length, at + random(1 + Math.min(16, text.length)));
    const [head, middle, tail] = [text.slice(0, at), text.slice(at, end), text.slice(end)];
    switch (random(8)) {
      case 0:
        text = head + tail;
        break;
      case 1:
        text = head + piece() + middle + tail;
        break;
      case 2:
        text = head + piece() + tail;
        break;
      case 3:
        text = head + middle.repeat(2 + random(4)) + tail;
        break;
      case 4:
        text = head + piece().repeat(1 << random(9)) + tail;
        break;
      case 5:
        text = head + pick(seeds).slice(random(20)) + tail;
        break;
      case 6:
        text = head + (random(2) === 0 ? middle.toUpperCase() : middle.toLowerCase()) + tail;
        break;
      default:
        text =
          head +
          (middle === "" ? piece() : String.fromCharCode(middle.charCodeAt(0) ^ (1 << random(8)))) +
          middle.slice(1) +
          tail;
    }
    if (text.length > 20_000) text = text.slice(0, 20_000);
  }
  return text;
}

/**
 * Feeds long inputs for a while, each made of one repeated word, seed or character. The work must grow about as the input does: four
 * times as much of it may not take eight times as long.
 */
export async function feedLarge(target: Target, { seed, forMs, octets = 64 * 1024 }: FuzzOptions): Promise<void> {
  const random = randomOf(seed);
  const units = [...target.seeds, ...target.words, ...odd, ...usual].filter((unit) => unit !== "");
  const until = performance.now() + forMs;
  do {
    const unit = units[random(units.length)] ?? " ";
    const many = unit.repeat(octets / unit.length);
    const shapes = [many, unit.charAt(0) + unit.slice(1).repeat(octets / unit.length), (target.seeds[0] ?? "") + many];
    const growth = await growthOf(target, shapes[random(3)] ?? many).catch((error: unknown) => {
      throw new Error(`${target.name}: ${shown(unit)} repeated`, { cause: error });
    });
    assert.ok(growth < 8, `${target.name}: ${shown(unit)} repeated takes ${growth} times as long as a quarter of it`);
  } while (performance.now() < until);
}

const shown = (unit: string) => JSON.stringify(unit.slice(0, 80));

/** Less than this is no work worth measuring: a quadratic one on a long input takes far longer. */
const quickMs = 100;

/** How much longer than a quarter of it the whole takes; the best of three, for the machine has moods. */
async function growthOf(target: Target, input: string): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 3 && least >= 8; round++) {
    const took = await timed(target, input);
    if (took < quickMs) return 1;
    least = Math.min(least, took / (await timed(target, input.slice(0, input.length / 4))));
  }
  return least;
}

async function timed({ check }: Target, input: string): Promise<number> {
  const began = cpuMs();
  await check(input);
  return cpuMs() - began;
}
