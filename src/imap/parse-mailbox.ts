import type { Command, Qresync, StatusItem } from "./command.ts";
import { type NumberSet, parseNumbers } from "./number-set.ts";
import type { Scanner } from "./scanner.ts";
import { readFlag, readMailbox, readSet, type Syntax } from "./syntax.ts";

/** RFC 9051 §6.3.2, with the parameters of RFC 7162 §3.1.8 and §3.2.5. */
export function parseSelect(scanner: Scanner, syntax: Syntax, name: "SELECT" | "EXAMINE"): Command {
  scanner.space("a mailbox name");
  const mailbox = readMailbox(scanner, syntax);
  let condstore = false;
  let qresync: Qresync | null = null;
  if (scanner.more()) {
    scanner.list("parameters", () => {
      const parameter = scanner.oneOf("CONDSTORE or QRESYNC", ["CONDSTORE", "QRESYNC"]);
      if (parameter === "CONDSTORE") condstore = true;
      if (parameter === "QRESYNC") qresync = readQresync(scanner);
    });
  }
  return { name, mailbox, condstore, qresync };
}

function readQresync(scanner: Scanner): Qresync {
  scanner.space("its list");
  scanner.expect("(");
  const uidValidity = scanner.number("a UIDVALIDITY", { least: 1 });
  scanner.space("a modification sequence");
  const modseq = scanner.number63("a modification sequence", 1);
  let known: NumberSet | null = null;
  let match: Qresync["match"] = null;
  if (scanner.more() && scanner.peek() !== openBracket) {
    known = readKnown(scanner);
    scanner.blanks();
  }
  if (scanner.skip("(")) {
    const numbers = readKnown(scanner);
    scanner.space("UIDs");
    match = { numbers, uids: readKnown(scanner) };
    scanner.expect(")");
  }
  scanner.expect(")");
  return { uidValidity, modseq, known, match };
}

const openBracket = "(".charCodeAt(0);

/** Numbers without "*" and "$": the client names those that it knows. */
function readKnown(scanner: Scanner): NumberSet {
  const set = parseNumbers(scanner.setText());
  if (set === null) scanner.refuse('Known numbers are a set without "*" and "$"');
  return set ?? [];
}

/** RFC 9051 §6.3.4, RFC 6154 §3. */
export function parseCreate(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("a mailbox name");
  const mailbox = readMailbox(scanner, syntax);
  const specialUse: string[] = [];
  if (scanner.more()) {
    scanner.list("parameters", () => {
      scanner.oneOf("USE", ["USE"]);
      scanner.space("its list");
      scanner.listOrEmpty("attributes", () => specialUse.push(readFlag(scanner)));
    });
  }
  return { name: "CREATE", mailbox, specialUse };
}

export function parseNamed(scanner: Scanner, syntax: Syntax, name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE"): Command {
  scanner.space("a mailbox name");
  return { name, mailbox: readMailbox(scanner, syntax) };
}

export function parseRename(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("a mailbox name");
  const from = readMailbox(scanner, syntax);
  scanner.space("its new name");
  return { name: "RENAME", from, to: readMailbox(scanner, syntax) };
}

const statusItems = [
  "MESSAGES",
  "RECENT",
  "UIDNEXT",
  "UIDVALIDITY",
  "UNSEEN",
  "DELETED",
  "SIZE",
  "HIGHESTMODSEQ",
  "APPENDLIMIT",
  "MAILBOXID",
  "DELETED-STORAGE",
] as const satisfies readonly StatusItem[];

export function parseStatus(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("a mailbox name");
  const mailbox = readMailbox(scanner, syntax);
  scanner.space("a list of items");
  return { name: "STATUS", mailbox, items: readStatusItems(scanner) };
}

/** Each once: an answer that says a thing twice helps nobody. */
export function readStatusItems(scanner: Scanner): StatusItem[] {
  const items = new Set<StatusItem>();
  scanner.list("items", () => {
    const item = scanner.oneOf("an item of STATUS", statusItems);
    if (item !== null) items.add(item);
  });
  return [...items];
}

export function parseCopy(
  scanner: Scanner,
  syntax: Syntax,
  { name, byUid }: { readonly name: "COPY" | "MOVE"; readonly byUid: boolean },
): Command {
  scanner.space("a set of numbers");
  const set = readSet(scanner);
  scanner.space("a mailbox name");
  return { name, byUid, set, mailbox: readMailbox(scanner, syntax) };
}

/** RFC 4315 §2.1. */
export function parseUidExpunge(scanner: Scanner): Command {
  scanner.space("a set of UIDs");
  return { name: "UID EXPUNGE", set: readSet(scanner) };
}

/** RFC 9208 §4.1. */
export function parseGetQuota(scanner: Scanner): Command {
  scanner.space("a quota root");
  return { name: "GETQUOTA", root: scanner.text("a quota root") };
}

export function parseGetQuotaRoot(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("a mailbox name");
  return { name: "GETQUOTAROOT", mailbox: readMailbox(scanner, syntax) };
}

export function parseSetQuota(scanner: Scanner): Command {
  scanner.space("a quota root");
  const root = scanner.text("a quota root");
  const limits = new Map<string, number>();
  scanner.space("a list of limits");
  scanner.listOrEmpty("limits", () => {
    const resource = scanner.atom("a resource").toUpperCase();
    scanner.space("a number");
    limits.set(resource, scanner.number63("a number"));
  });
  return { name: "SETQUOTA", root, limits };
}
