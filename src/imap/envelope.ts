import { type AddressEntry, readAddressField } from "../message/address-field.ts";
import type { OctetText } from "../message/fields.ts";
import type { EnvelopeFields } from "../message/part-header.ts";
import { nstring } from "./strings.ts";

/** ENVELOPE with its parentheses (RFC 9051 §7.5.2), as octets in latin1. */
export function formatEnvelope(fields: EnvelopeFields): OctetText {
  const from = addresses(fields.from);
  // "If the Sender or Reply-To fields are absent or empty, the server sets them to be the same value as From."
  const sender = addresses(fields.sender);
  const replyTo = addresses(fields.replyTo);
  return `(${nstring(fields.date)} ${nstring(fields.subject)} ${from} ${sender === "NIL" ? from : sender} ${
    replyTo === "NIL" ? from : replyTo
  } ${addresses(fields.to)} ${addresses(fields.cc)} ${addresses(fields.bcc)} ${nstring(fields.inReplyTo)} ${nstring(fields.messageId)})`;
}

function addresses(value: OctetText | null): OctetText {
  if (value === null) return "NIL";
  const entries = readAddressField(value);
  if (entries.length === 0) return "NIL";
  let text = "(";
  for (const entry of entries) text += formatEntry(entry);
  return `${text})`;
}

function formatEntry({ name, route, mailbox, host }: AddressEntry): OctetText {
  return `(${nstring(name)} ${nstring(route)} ${nstring(mailbox)} ${nstring(host)})`;
}
