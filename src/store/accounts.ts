import type { Account } from "../accounts/account.ts";
import { insertMailbox, insertSubscription } from "./mailboxes.ts";
import type { Row, Statement, Unit, Query } from "./store.ts";

/** Statements and rows of `account` and its INBOX. Texts are constants, so that drivers keep them prepared. */

/** Accounts with an id above `after`, in order of id: for reading all of them in portions. */
export function readAccounts(after: number, limit: number): Query {
  return {
    sql: "SELECT a.id, a.name, a.domain, a.enabled, a.may_relay, a.senders, a.may_send_as, a.password_version, a.plus_addressing, a.plus_mailbox, a.quota, a.forward_to, a.forward_keeps, m.id AS mailbox_id FROM account a JOIN mailbox m ON m.account_id = a.id AND m.name = 'INBOX' WHERE a.id > ? ORDER BY a.id LIMIT ?",
    parameters: [after, limit],
  };
}

export function accountOf(row: Row): Account {
  return {
    id: Number(row["id"]),
    name: String(row["name"]),
    domain: String(row["domain"]),
    isEnabled: Number(row["enabled"]) === 1,
    mayRelay: Number(row["may_relay"]) === 1,
    senders: row["senders"] === "any" ? "any" : "own",
    maySendAs: textsOf(row["may_send_as"]),
    passwordVersion: Number(row["password_version"]),
    plusAddressing: Number(row["plus_addressing"]) === 1,
    plusMailbox: plusMailboxOf(row["plus_mailbox"]),
    quota: row["quota"] === null ? null : Number(row["quota"]),
    forwardTo: textsOf(row["forward_to"]),
    keepsForwarded: Number(row["forward_keeps"]) === 1,
    mailboxId: Number(row["mailbox_id"]),
  };
}

function plusMailboxOf(value: Row[string] | undefined): Account["plusMailbox"] {
  return value === "existing" || value === "made" ? value : "none";
}

/**
 * A new account with its empty INBOX; its first password comes by `updatePassword`. Fails as a unit when the address
 * is taken.
 */
export function insertAccount(account: Account, now: number): Statement[] {
  return [
    {
      sql: "INSERT INTO account (id, name, domain, enabled, may_relay, senders, may_send_as, password_version, password, scram, plus_addressing, created_at, quota, octets, forward_to, forward_keeps, plus_mailbox) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, 0, ?, ?, ?)",
      parameters: [
        account.id,
        account.name,
        account.domain,
        account.isEnabled ? 1 : 0,
        account.mayRelay ? 1 : 0,
        account.senders,
        JSON.stringify(account.maySendAs),
        account.passwordVersion,
        account.plusAddressing ? 1 : 0,
        now,
        account.quota,
        JSON.stringify(account.forwardTo),
        account.keepsForwarded ? 1 : 0,
        account.plusMailbox,
      ],
    },
    ...insertMailbox({ id: account.mailboxId, accountId: account.id, name: "INBOX", specialUse: null }, now),
    insertSubscription(account.id, "INBOX"),
  ];
}

/** What an administrator sets apart from passwords. */
export function updateAccount(account: Account): Statement {
  return {
    sql: "UPDATE account SET enabled = ?, may_relay = ?, senders = ?, may_send_as = ?, plus_addressing = ?, quota = ?, forward_to = ?, forward_keeps = ?, plus_mailbox = ? WHERE id = ?",
    parameters: [
      account.isEnabled ? 1 : 0,
      account.mayRelay ? 1 : 0,
      account.senders,
      JSON.stringify(account.maySendAs),
      account.plusAddressing ? 1 : 0,
      account.quota,
      JSON.stringify(account.forwardTo),
      account.keepsForwarded ? 1 : 0,
      account.plusMailbox,
      account.id,
    ],
    changes: 1,
  };
}

/** The messages of an account's mailboxes, a portion at a time: to delete them without holding up the store. */
export function readMessagesOf(accountId: number, limit: number): Query {
  return {
    sql: "SELECT s.mailbox_id, s.uid, s.content_id FROM message s JOIN mailbox m ON m.id = s.mailbox_id WHERE m.account_id = ? ORDER BY s.mailbox_id, s.uid LIMIT ?",
    parameters: [accountId, limit],
  };
}

/**
 * Takes one message out of its mailbox, then its content when nothing else needs that. Returns the content's file, if
 * it went and had one.
 */
export function deleteMessage(message: Row): Unit {
  const contentId = message["content_id"] ?? null;
  return [
    {
      sql: "DELETE FROM message WHERE mailbox_id = ? AND uid = ?",
      parameters: [message["mailbox_id"] ?? null, message["uid"] ?? null],
    },
    {
      sql: "DELETE FROM content WHERE id = ? AND NOT EXISTS (SELECT 1 FROM message WHERE content_id = ?) AND NOT EXISTS (SELECT 1 FROM entry WHERE content_id = ?) RETURNING file",
      parameters: [contentId, contentId, contentId],
      returns: true,
    },
  ];
}

/** The account without its messages, which are to be gone already. */
export function deleteAccount(accountId: number): Unit {
  return [
    { sql: "DELETE FROM app_password WHERE account_id = ?", parameters: [accountId] },
    { sql: "DELETE FROM mailbox WHERE account_id = ?", parameters: [accountId] },
    { sql: "DELETE FROM account WHERE id = ?", parameters: [accountId], changes: 1 },
  ];
}

/** A JSON array of texts; what is not a text is left out. */
export function textsOf(value: Row[string] | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(String(value ?? "[]"));
  return Array.isArray(parsed) ? parsed.filter((item) => typeof item === "string") : [];
}
