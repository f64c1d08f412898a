import type { Compilable } from "kysely";
import { type Columns, createIndex, createTable, type References } from "./table.ts";

/** Tables that a later version changed or that are not made here. */
type Changed = "account" | "app_password" | "mailbox" | "message";

/** The tables of version 1: what `schema.ts` says of those that a later version changed is held against that version. */
export const firstTables = {
  content: { id: "id", size: "integer", inline: "bytes?", file: "text?" },
  entry: {
    id: "id",
    content_id: "integer",
    reverse_path: "text",
    born_at: "integer",
    body: "text",
    smtp_utf8: "integer",
    ret: "text?",
    envid: "text?",
    listener: "text",
    client: "text",
    account: "text?",
  },
  recipient: {
    id: "id",
    entry_id: "integer",
    forward_path: "text",
    original_path: "text?",
    orcpt: "text?",
    notify: "text?",
    due_at: "integer",
    lease_until: "integer",
    attempts: "integer",
    waits_for: "text?",
    delay_reported: "integer",
  },
  attempt: {
    id: "id",
    recipient_id: "integer",
    began_at: "integer",
    ended_at: "integer",
    host: "text?",
    code: "integer?",
    said: "text",
  },
  decision: {
    id: "id",
    at: "integer",
    verdict: "text",
    rule: "text",
    count: "integer",
    policy_version: "integer",
    listener: "text",
    client: "text",
    account: "text?",
    reverse_path: "text",
    forward_path: "text",
    facts: "text",
    entry_id: "integer?",
  },
  account: {
    id: "id",
    name: "text",
    domain: "text",
    enabled: "integer",
    may_relay: "integer",
    senders: "text",
    may_send_as: "text",
    password_version: "integer",
    password: "text?",
    scram: "text?",
    plus_addressing: "integer",
    created_at: "integer",
  },
  app_password: {
    id: "id",
    account_id: "integer",
    label: "text",
    scram: "text",
    expires_at: "integer?",
    last_used_at: "integer?",
    created_at: "integer",
  },
  alias: { id: "id", kind: "text", local_part: "text", domain: "text", targets: "text", created_at: "integer" },
  mailbox: {
    id: "id",
    account_id: "integer",
    name: "text",
    uid_validity: "integer",
    uid_next: "integer",
    modseq: "integer",
    messages: "integer",
    octets: "integer",
  },
  message: {
    mailbox_id: "integer",
    uid: "integer",
    content_id: "integer",
    prefix: "text",
    size: "integer",
    internal_date: "integer",
    flags: "text",
    modseq: "integer",
  },
  policy_version: { version: "id", applied_at: "integer", who: "text", why: "text", document: "text" },
} as const satisfies Partial<Omit<Columns, Changed>> & Record<Changed, Readonly<Record<string, string>>>;

export function firstVersion(): readonly Compilable[] {
  return [
    ...Object.entries(firstTables).map(([table, columns]) =>
      createTable(table, {
        columns,
        references: references[table],
        ...(table === "message" ? { key: ["mailbox_id", "uid"] } : {}),
      }),
    ),
    createIndex("entry", ["content_id"]),
    createIndex("recipient", ["due_at"]),
    createIndex("recipient", ["entry_id"]),
    createIndex("attempt", ["recipient_id"]),
    createIndex("decision", ["at"]),
    createIndex("account", ["domain", "name"]).unique(),
    createIndex("app_password", ["account_id"]),
    createIndex("alias", ["domain", "local_part"]).unique(),
    createIndex("mailbox", ["account_id", "name"]).unique(),
    createIndex("message", ["content_id"]),
  ];
}

const references: Readonly<Record<string, References>> = {
  entry: { content_id: { to: "content.id", whenDeleted: "restrict" } },
  recipient: { entry_id: { to: "entry.id", whenDeleted: "restrict" } },
  attempt: { recipient_id: { to: "recipient.id", whenDeleted: "cascade" } },
  app_password: { account_id: { to: "account.id", whenDeleted: "cascade" } },
  mailbox: { account_id: { to: "account.id", whenDeleted: "restrict" } },
  message: {
    mailbox_id: { to: "mailbox.id", whenDeleted: "restrict" },
    content_id: { to: "content.id", whenDeleted: "restrict" },
  },
};
