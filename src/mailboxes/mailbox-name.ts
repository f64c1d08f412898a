import type { MailRefusal } from "../imap/mail.ts";

/** What mailboxes may be called. Levels are apart by "/" (RFC 9051 §5.1). */

const mostLevels = 30;
const mostOctets = 1_000;
/** Controls, and what patterns of LIST are made of: nobody could ask for such a mailbox alone. */
// eslint-disable-next-line no-control-regex
const unusable = /[\u0000-\u001f\u007f-\u009f%*\u2028\u2029]/u;

/** The name without the separator that some clients put at the end (RFC 9051 §6.3.4), or why there can be no such mailbox. */
export function checkName(name: string): string | MailRefusal {
  const text = name.endsWith("/") ? name.slice(0, -1) : name;
  const problem = problemOf(text);
  return problem === null ? text : { refused: "invalid-name", text: problem };
}

function problemOf(name: string): string | null {
  if (name === "") return "a mailbox needs a name";
  if (unusable.test(name)) return "the name has a character that mailboxes cannot have";
  if (!name.isWellFormed()) return "the name is no text";
  const levels = name.split("/");
  if (levels.includes("")) return "the name has an empty level";
  if (levels.length > mostLevels) return `the name has more than ${mostLevels} levels`;
  if (Buffer.byteLength(name) > mostOctets) return `the name has more than ${mostOctets} octets`;
  return null;
}

/** "a/b/c": a, a/b. */
export function parentsOf(name: string): readonly string[] {
  const levels = name.split("/");
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join("/"));
}

export function isBelow(name: string, parent: string): boolean {
  return name.startsWith(`${parent}/`);
}

/** INBOX first, then by name, children behind their parent. */
export function compareNames(a: string, b: string): number {
  if (a === "INBOX" || b === "INBOX") return a === b ? 0 : a === "INBOX" ? -1 : 1;
  const [left, right] = [a.replaceAll("/", "\u0000"), b.replaceAll("/", "\u0000")];
  return left < right ? -1 : left > right ? 1 : 0;
}
