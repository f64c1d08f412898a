import { readMailboxName } from "./mailbox-name.ts";
import { type NumberSet, parseNumberSet } from "./number-set.ts";
import type { Scanner } from "./scanner.ts";
import { shown } from "./shown.ts";

/** How a session writes: what it has enabled changes the grammar. */
export type Syntax = {
  /** UTF8=ACCEPT or IMAP4rev2: mailbox names are UTF-8, not modified UTF-7. */
  readonly isUtf8: boolean;
};

/** A mailbox name. One in no encoding is NO, for the command is well-formed (field case O-45). */
export function readMailbox(scanner: Scanner, syntax: Syntax): string {
  return decodeMailbox(scanner, syntax, scanner.astring("a mailbox name"));
}

export function decodeMailbox(scanner: Scanner, { isUtf8 }: Syntax, octets: Buffer): string {
  const text = scanner.decoded(octets, "a mailbox name");
  const name = readMailboxName(text, isUtf8);
  if (name !== null) return name;
  scanner.refuse(`${shown(text)} is no modified UTF-7`, "NO", "CANNOT");
  return "";
}

/** A set of message numbers or UIDs. */
export function readSet(scanner: Scanner): NumberSet {
  const text = scanner.setText();
  const set = parseNumberSet(text);
  if (set !== null) return set;
  if (text === "") scanner.expected("a set of numbers");
  else scanner.refuse(`${shown(text)} is no set of numbers`);
  return [];
}

/** `flag` of RFC 9051 §9: an atom, with a backslash before it or without. */
export function readFlag(scanner: Scanner): string {
  const backslash = scanner.skip("\\") ? "\\" : "";
  return backslash + scanner.atom("a flag");
}

export function readFlagList(scanner: Scanner): string[] {
  const flags: string[] = [];
  scanner.listOrEmpty("flags", () => flags.push(readFlag(scanner)));
  return flags;
}
