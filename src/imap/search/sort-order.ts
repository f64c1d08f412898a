import { decodeWords } from "../../message/encoded-words.ts";
import type { SortKey } from "../command.ts";
import type { MessageRow } from "../mail.ts";
import { baseSubjectOf } from "./base-subject.ts";
import { type EnvelopeAddress, readEnvelope } from "./envelope-reader.ts";
import type { Found } from "./find.ts";
import { sentAtOf } from "./sent-date.ts";

/** A message with what it is sorted by, in the order of the keys. */
export type Sortable = Found & { readonly values: readonly (string | number)[] };

/** Whether the envelope is needed. */
export function needsEnvelope(by: readonly SortKey[]): boolean {
  return by.some((key) => key.by !== "ARRIVAL" && key.by !== "SIZE");
}

export function sortableOf(row: MessageRow, by: readonly SortKey[]): Sortable {
  const envelope = row.envelope === null ? null : readEnvelope(row.envelope);
  const values = by.map((key) => {
    switch (key.by) {
      case "ARRIVAL":
        return row.internalDate;
      case "SIZE":
        return row.size;
      case "DATE":
        // RFC 5256 §2.2: without a date of its own, when it came.
        return sentAtOf(envelope?.date ?? null) ?? row.internalDate;
      case "SUBJECT":
        return collated(baseSubjectOf(envelope?.subject ?? null).text);
      case "FROM":
        return mailboxOf(envelope?.from);
      case "TO":
        return mailboxOf(envelope?.to);
      case "CC":
        return mailboxOf(envelope?.cc);
      case "DISPLAYFROM":
        return displayOf(envelope?.from);
      case "DISPLAYTO":
        return displayOf(envelope?.to);
      default:
        return key.by satisfies never;
    }
  });
  return { uid: row.uid, modseq: row.modseq, values };
}

/** By the keys, and at last by the order in the mailbox, which REVERSE leaves alone (RFC 5256 §3). */
export function sorted(messages: readonly Sortable[], by: readonly SortKey[]): readonly Sortable[] {
  return messages.toSorted((a, b) => {
    for (const [at, { isReverse }] of by.entries()) {
      const [x = 0, y = 0] = [a.values[at], b.values[at]];
      if (x !== y) return (x < y ? -1 : 1) * (isReverse ? -1 : 1);
    }
    return a.uid - b.uid;
  });
}

/** i;unicode-casemap (RFC 5051): capitals, taken apart. */
export function collated(text: string): string {
  return text.normalize("NFKD").toUpperCase();
}

function mailboxOf(addresses: readonly EnvelopeAddress[] = []): string {
  return collated(decodeWords(addresses[0]?.mailbox ?? ""));
}

/** RFC 5957: the name that is shown, else the address. */
function displayOf(addresses: readonly EnvelopeAddress[] = []): string {
  const [first] = addresses;
  if (first === undefined) return "";
  if (first.name !== null && first.name !== "") return collated(decodeWords(first.name));
  const host = first.host === null || first.host === "" ? "" : `@${first.host}`;
  return collated(decodeWords(`${first.mailbox ?? ""}${host}`));
}
