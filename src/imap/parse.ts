import type { Bare, Command } from "./command.ts";
import type { Piece } from "./command.ts";
import { parseAppend, parseReplace } from "./parse-append.ts";
import { parseFetch, parseStore } from "./parse-fetch.ts";
import { parseList, parseLsub } from "./parse-list.ts";
import * as mailbox from "./parse-mailbox.ts";
import { parseNotify } from "./parse-notify.ts";
import { parseSearch, parseSort, parseThread } from "./parse-search.ts";
import * as session from "./parse-session.ts";
import type { Completion } from "./response.ts";
import { Scanner } from "./scanner.ts";
import { shown } from "./shown.ts";
import type { Syntax } from "./syntax.ts";

export type Parsed =
  | { readonly tag: string; readonly command: Command }
  /** BAD for what is no command; NO with its code for one that cannot be meant (BADCHARSET, a name in no encoding). tag null: "*". */
  | { readonly tag: string | null; readonly refused: Completion };

const bare: readonly Bare[] = [
  "CAPABILITY",
  "NOOP",
  "LOGOUT",
  "STARTTLS",
  "NAMESPACE",
  "IDLE",
  "CHECK",
  "CLOSE",
  "UNSELECT",
  "EXPUNGE",
];

/** Reads what stands behind the name of a command, which is what each returns. What does not fit is in the scanner's refusal. */
type Read = (scanner: Scanner, syntax: Syntax) => Command;

const commands: Readonly<Record<string, Read>> = {
  ID: session.parseId,
  LOGIN: session.parseLogin,
  AUTHENTICATE: session.parseAuthenticate,
  ENABLE: session.parseEnable,
  SELECT: (scanner, syntax) => mailbox.parseSelect(scanner, syntax, "SELECT"),
  EXAMINE: (scanner, syntax) => mailbox.parseSelect(scanner, syntax, "EXAMINE"),
  CREATE: mailbox.parseCreate,
  DELETE: (scanner, syntax) => mailbox.parseNamed(scanner, syntax, "DELETE"),
  SUBSCRIBE: (scanner, syntax) => mailbox.parseNamed(scanner, syntax, "SUBSCRIBE"),
  UNSUBSCRIBE: (scanner, syntax) => mailbox.parseNamed(scanner, syntax, "UNSUBSCRIBE"),
  RENAME: mailbox.parseRename,
  LIST: parseList,
  LSUB: parseLsub,
  STATUS: mailbox.parseStatus,
  APPEND: parseAppend,
  REPLACE: (scanner, syntax) => parseReplace(scanner, syntax, false),
  SEARCH: (scanner) => parseSearch(scanner, false),
  SORT: (scanner) => parseSort(scanner, false),
  THREAD: (scanner) => parseThread(scanner, false),
  CANCELUPDATE: session.parseCancelUpdate,
  FETCH: (scanner) => parseFetch(scanner, false),
  STORE: (scanner) => parseStore(scanner, false),
  COPY: (scanner, syntax) => mailbox.parseCopy(scanner, syntax, { name: "COPY", byUid: false }),
  MOVE: (scanner, syntax) => mailbox.parseCopy(scanner, syntax, { name: "MOVE", byUid: false }),
  GETQUOTA: mailbox.parseGetQuota,
  GETQUOTAROOT: mailbox.parseGetQuotaRoot,
  SETQUOTA: mailbox.parseSetQuota,
  NOTIFY: parseNotify,
  ...Object.fromEntries(bare.map((name) => [name, () => ({ name })])),
};

const uidCommands: Readonly<Record<string, Read>> = {
  REPLACE: (scanner, syntax) => parseReplace(scanner, syntax, true),
  SEARCH: (scanner) => parseSearch(scanner, true),
  SORT: (scanner) => parseSort(scanner, true),
  THREAD: (scanner) => parseThread(scanner, true),
  FETCH: (scanner) => parseFetch(scanner, true),
  STORE: (scanner) => parseStore(scanner, true),
  COPY: (scanner, syntax) => mailbox.parseCopy(scanner, syntax, { name: "COPY", byUid: true }),
  MOVE: (scanner, syntax) => mailbox.parseCopy(scanner, syntax, { name: "MOVE", byUid: true }),
  EXPUNGE: mailbox.parseUidExpunge,
};

/** One command, whole (RFC 9051 §9, RFC 3501 §9). Never throws; work is linear in its octets. */
export function parseCommand(pieces: readonly Piece[], syntax: Syntax): Parsed {
  const scanner = new Scanner(pieces);
  const tag = scanner.tag();
  if (tag === null) return { tag, refused: { status: "BAD", text: "A command begins with a tag" } };
  const command = readCommand(scanner, syntax);
  scanner.blanks();
  if (!scanner.isAtEnd) scanner.expected("the end of the command");
  if (command !== null && scanner.refusal === null) return { tag, command };
  return { tag, refused: scanner.refusal ?? missing };
}

const missing: Completion = { status: "BAD", text: "A command is missing behind the tag" };

function readCommand(scanner: Scanner, syntax: Syntax): Command | null {
  if (!scanner.more()) return null;
  const name = scanner.word();
  const isUid = name === "UID";
  if (isUid) scanner.space("a command");
  const named = isUid ? scanner.word() : name;
  if (named === "") {
    scanner.expected("a command");
    return null;
  }
  const table = isUid ? uidCommands : commands;
  const read = Object.hasOwn(table, named) ? table[named] : undefined;
  if (read !== undefined) return read(scanner, syntax);
  scanner.refuse(`${shown(isUid ? `UID ${named}` : named, 40)} is no command that is known here`);
  return null;
}
