import { createHash } from "node:crypto";
import { seeded } from "./seeded.ts";

/** A message that can be made again from its number, so that thousands can be compared without being kept. */
export type NumberedMessage = {
  readonly number: number;
  readonly recipients: readonly string[];
  /** As the client means it: CRLF, before dots are doubled. */
  readonly bytes: Buffer;
  /** Marks in it that nothing else has, one a line. */
  readonly marks: readonly string[];
};

/** Octets of a message's body: few, many, or so many that the store keeps them as a file. */
export type Size = "small" | "large" | "file";

const octets = { small: [1, 6_000], large: [40_000, 60_000], file: [70_000, 180_000] } as const;

/** Mailboxes of the server under test. `sender` also gets the reports. */
export const localNames = ["ann", "ben", "cat"] as const;
export const sender = "sender";
/** Of each of them. */
export const password = "open to all of them";
/** Below the folder that is given to a server, with a further one that it has to make. */
export const dataFolder = "mail/data";
export const localDomain = "example.test";
export const farDomain = "far.test";

/** Local recipients and far ones, at least one; the far ones carry the number, so that a next hop knows it from RCPT alone. */
function recipientsOf(number: number, random: ReturnType<typeof seeded>): string[] {
  const all = [
    ...localNames.map((name) => `${name}@${localDomain}`),
    ...["one", "two"].map((name) => `${name}.${number}@${farDomain}`),
  ];
  const some = all.filter(() => random.next() < 0.5);
  // Refused by the next hop for good, and at its first attempt.
  if (random.next() < 0.1) some.push(`gone.${number}@${farDomain}`);
  if (random.next() < 0.1) some.push(`later.${number}@${farDomain}`);
  return some.length > 0 ? some : [random.pick(all)];
}

export function numberedMessage(number: number, size?: Size): NumberedMessage {
  const random = seeded(number);
  const recipients = recipientsOf(number, random);
  const [least, most] = octets[size ?? random.pick(["small", "small", "small", "small", "large", "file"])];
  const length = random.between(least, most);
  const marks: string[] = [];
  const lines = [`${numberField}${number}`, `X-Size: ${size ?? "any"}`, `Subject: ${number}`, ""];
  for (let written = 0; written < length;) {
    // Every line is like no other; some begin with a dot.
    const words = Array.from({ length: random.between(1, 9) }, () => random.next().toString(36).slice(2, 10));
    const mark = `~${number}-${lines.length}~`;
    const line = `${random.next() < 0.1 ? "." : ""}${mark} ${words.join(" ")}`;
    marks.push(mark);
    lines.push(line);
    written += line.length + 2;
  }
  return { number, recipients, bytes: Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1"), marks };
}

/** Every mark in a text. */
export const anyMark = /~[0-9]+-[0-9]+~/g;

const numberField = "X-Number: ";

/** Number of a content that a server kept or sent on, and whether the bytes under its trace fields are those that were given. */
export function recognised(content: Buffer): { readonly number: number; readonly isWhole: boolean } | null {
  const at = content.indexOf(numberField);
  if (at < 0) return null;
  const given = content.subarray(at);
  const number = Number.parseInt(given.toString("latin1", numberField.length, numberField.length + 12), 10);
  const size = /^X-Size: (small|large|file|any)\r$/m.exec(given.toString("latin1", 0, 80))?.[1];
  if (size === undefined) return { number, isWhole: false };
  return { number, isWhole: hashOf(given) === givenHash(number, size === "any" ? undefined : (size as Size)) };
}

const givenHashes = new Map<number, string>();

function givenHash(number: number, size: Size | undefined): string {
  let hash = givenHashes.get(number);
  if (hash === undefined) givenHashes.set(number, (hash = hashOf(numberedMessage(number, size).bytes)));
  return hash;
}

const hashOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
