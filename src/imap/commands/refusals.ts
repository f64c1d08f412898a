import type { MailRefusal } from "../mail.ts";
import type { Completion } from "../response.ts";

/** Response codes of RFC 5530 and RFC 9051 §7.1, by what is wrong. */
const codes: Readonly<Record<MailRefusal["refused"], string>> = {
  "no-such-mailbox": "NONEXISTENT",
  exists: "ALREADYEXISTS",
  "invalid-name": "CANNOT",
  "is-inbox": "CANNOT",
  "has-children": "HASCHILDREN",
  "not-selectable": "NONEXISTENT",
  "over-quota": "OVERQUOTA",
  "too-many": "LIMIT",
  "special-use": "USEATTR",
  "read-only": "NOPERM",
};

export function refusalOf({ refused, text }: MailRefusal): Completion {
  return { status: "NO", code: codes[refused], text };
}

/** Of a mailbox that messages were to be put into: where it is missing, the client may make it (RFC 9051 §6.3.12). */
export function targetRefusalOf(refusal: MailRefusal): Completion {
  const isMissing = refusal.refused === "no-such-mailbox" || refusal.refused === "not-selectable";
  return isMissing ? { status: "NO", code: "TRYCREATE", text: refusal.text } : refusalOf(refusal);
}

export const noSuchNumber: Completion = { status: "BAD", text: "There is no message with such a number" };

/** Some of the messages are gone, which this client could not be told yet (RFC 5530). */
export const someAreGone = "EXPUNGEISSUED";

export const readOnly: Completion = { status: "NO", code: "NOPERM", text: "The mailbox is open for reading only" };
