import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CommandDecoder, type Limits } from "./decoder.ts";
import { type Parsed, parseCommand } from "./parse.ts";
import { charsets } from "./search-charset.ts";
import type { Syntax } from "./syntax.ts";

const limits: Limits = { argumentOctets: 65_536, messageOctets: 1_000_000, discardOctets: 100_000 };
const oldNames: Syntax = { isUtf8: false };
const utf8Names: Syntax = { isUtf8: true };

/** What the octets of one command say. Messages are kept in memory. */
function parse(text: string | Buffer, syntax: Syntax = oldNames): Parsed {
  const decoder = new CommandDecoder();
  decoder.push(Buffer.concat([typeof text === "string" ? Buffer.from(text) : text, Buffer.from("\r\n")]));
  for (let received = decoder.next(limits); received !== null; received = decoder.next(limits)) {
    if (received.is === "command") return parseCommand(received.pieces, syntax);
    if (received.is === "literal") decoder.accept();
    else if (received.is === "octets") decoder.keep(elsewhere(received.octets));
    else assert.fail(JSON.stringify(received));
  }
  return assert.fail("no command");
}

const elsewhere = (octets: Buffer) => ({ elsewhere: octets.toString("latin1") }) as never;

/** The command without its name, as text that is short to write. */
function show(text: string | Buffer, syntax?: Syntax): string {
  const parsed = parse(text, syntax);
  if ("refused" in parsed) {
    const { status, code, text: reason } = parsed.refused;
    return `${status}${code === undefined ? "" : ` [${code.slice(0, 30)}]`} ${reason}`;
  }
  const { name, ...rest } = parsed.command;
  return name === "RENAME" ? `RENAME ${parsed.command.from} → ${parsed.command.to}` : `${name}${brief(rest)}`;
}

/** Objects without their braces and quotes, sets as they are written, null and false left out. */
function brief(value: unknown): string {
  if (value instanceof Map) return brief(Object.fromEntries(value));
  if (Buffer.isBuffer(value)) return `<${value.toString("latin1")}>`;
  if (Array.isArray(value)) return `[${value.map(brief).join(",")}]`;
  if (typeof value !== "object" || value === null) return `${value as string}`;
  const { from, to } = value as { from?: unknown; to?: unknown };
  if (from !== undefined && to !== undefined) return from === to ? brief(from) : `${brief(from)}:${brief(to)}`;
  return Object.entries(value)
    .filter(([, one]) => one !== false && one !== null)
    .map(([key, one]) => ` ${key}=${brief(one)}`)
    .join("");
}

function rows(name: string, table: readonly (readonly [string, string, Syntax?])[]): void {
  describe(name, () => {
    for (const [text, wanted, syntax] of table) {
      it(`${JSON.stringify(text.slice(0, 90))} → ${wanted.slice(0, 60)}`, () =>
        assert.equal(show(text, syntax), wanted));
    }
  });
}

rows("what every command has", [
  ["a NOOP", "NOOP"],
  ["a nOoP  ", "NOOP"],
  ["a noop x", 'BAD Expected the end of the command, not "x"'],
  ["a", "BAD A command is missing behind the tag"],
  ["a ", "BAD A command is missing behind the tag"],
  ["", "BAD A command begins with a tag"],
  [" NOOP", "BAD A command begins with a tag"],
  ["* NOOP", "BAD A command begins with a tag"],
  ["a+ NOOP", "BAD A command begins with a tag"],
  ["a]b-1 CHECK", "CHECK"],
  [`${"a".repeat(257)} NOOP`, "BAD A command begins with a tag"],
  ["a XYZZY 1", 'BAD "XYZZY" is no command that is known here'],
  ["a constructor", 'BAD "CONSTRUCTOR" is no command that is known here'],
  ["a UID NOOP", 'BAD "UID NOOP" is no command that is known here'],
  ["a UID", "BAD Expected a blank and a command, not the end"],
  ["a \u017fTORE 1 FLAGS x", 'BAD Expected a command, not "\\u{17f}TORE 1 FLAGS x"'],
  ["a NOOP\r", 'BAD Expected the end of the command, not "\\u{d}"'],
  ["a NOOP {1+}\r\nx", "BAD Expected the end of the command, not a literal"],
]);

rows("LOGIN, AUTHENTICATE, ENABLE, ID (field case O-43)", [
  ["a LOGIN anna@example.com pa55", "LOGIN login=anna@example.com password=pa55"],
  ["A1 LOGIN {16+}\r\nanna@example.com {4+}\r\npa55", "LOGIN login=anna@example.com password=pa55"],
  ['A2 LOGIN "anna@example.com" "p\\"a\\\\s"', 'LOGIN login=anna@example.com password=p"a\\s'],
  ["A3 LOGIN anna@example.com {4}\r\npa55", "LOGIN login=anna@example.com password=pa55"],
  ["A4 LOGIN {+4}", 'BAD Expected a login name, not "{+4}"'],
  ["a LOGIN {4-}", 'BAD Expected a login name, not "{4-}"'],
  ['a LOGIN "" ""', "LOGIN login= password="],
  ["a LOGIN anna", "BAD Expected a blank and a password, not the end"],
  ["a LOGIN anna  pa55", "LOGIN login=anna password=pa55"],
  ['a LOGIN "dörte" "ß"', "LOGIN login=dörte password=ß"],
  ['a LOGIN "a\\b" x', "BAD A backslash in a quoted string stands before a quote or a backslash"],
  ['a LOGIN "a b', "BAD A quoted string has no closing quote"],
  ['a LOGIN a"b" x', 'BAD Expected a blank and a password, not ""b" x"'],
  ["a LOGIN ~{4+}\r\nanna x", "BAD A literal8 stands where a string is expected"],
  ["a LOGIN {2+}\r\na\u0000 x", "BAD A literal has a NUL in it"],
  ["a LOGIN an%a x", 'BAD Expected a blank and a password, not "%a x"'],
  ["a LOGIN a]b x", "LOGIN login=a]b password=x"],
  ['a LOGIN "a\rb" x', "BAD A quoted string cannot have an octet 13 in it"],
  ["a AUTHENTICATE PLAIN", "AUTHENTICATE mechanism=PLAIN"],
  ["a authenticate plain AGEAYg==", "AUTHENTICATE mechanism=PLAIN initial=<\u0000a\u0000b>"],
  ["a AUTHENTICATE PLAIN =", "AUTHENTICATE mechanism=PLAIN initial=<>"],
  ["a AUTHENTICATE PLAIN AGEAYg", "BAD The initial response is no base64"],
  ["a AUTHENTICATE", "BAD Expected a blank and a mechanism, not the end"],
  ["a AUTHENTICATE PLAIN AGEAYg== x", 'BAD Expected the end of the command, not "x"'],
  ["a ENABLE condstore IMAP4rev2", "ENABLE capabilities=[CONDSTORE,IMAP4REV2]"],
  ["a ENABLE", "BAD Expected a blank and a capability, not the end"],
  ["a ENABLE CONDSTORE ", "ENABLE capabilities=[CONDSTORE]"],
  ["a ID NIL", "ID"],
  ["a ID ()", "ID fields="],
  ['a ID ("Name" "x y" "version" NIL)', "ID fields= name=x y"],
  ['a ID ("name")', 'BAD Expected a blank and a value, not ")"'],
  ['a ID (name "x")', 'BAD Expected a name, not "name "x")"'],
  [
    'a ID ("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" "x")',
    "BAD ID takes names of at most 30 octets and values of at most 1024",
  ],
  [`a ID ("n" "${"v".repeat(1_025)}")`, "BAD ID takes names of at most 30 octets and values of at most 1024"],
  ['a CANCELUPDATE "a1" "a2"', "CANCELUPDATE tags=[a1,a2]"],
  ["a CANCELUPDATE a1", 'BAD Expected a tag in quotes, not "a1"'],
]);

rows("mailboxes", [
  ["a SELECT INBOX", "SELECT mailbox=INBOX"],
  ["a select inBox", "SELECT mailbox=INBOX"],
  ["a EXAMINE Inbox/Sub", "EXAMINE mailbox=INBOX/Sub"],
  ['a SELECT "A &- B"', "SELECT mailbox=A & B"],
  ['a SELECT "Entw&APw-rfe"', "SELECT mailbox=Entwürfe"],
  // A name in no encoding is NO (field case O-45).
  ['a SELECT "bad & name"', 'NO [CANNOT] "bad & name" is no modified UTF-7'],
  ['a SELECT ""', "SELECT mailbox="],
  ['a SELECT {5+}\r\na b"c', 'SELECT mailbox=a b"c'],
  ["a SELECT a b", 'BAD Expected "(" and parameters, not "b"'],
  ["a SELECT", "BAD Expected a blank and a mailbox name, not the end"],
  ['a SELECT "Entwürfe"', "SELECT mailbox=Entwürfe"],
  ['a SELECT "Entwürfe & mehr"', "SELECT mailbox=Entwürfe & mehr", utf8Names],
  ['a SELECT "Entw&APw-rfe"', "SELECT mailbox=Entw&APw-rfe", utf8Names],
  ["a SELECT x (CONDSTORE)", "SELECT mailbox=x condstore=true"],
  [
    "a SELECT x (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
    "SELECT mailbox=x qresync= uidValidity=67890007 modseq=9007199254740991 known=[41,43:211,214:541]",
  ],
  [
    "a SELECT x (QRESYNC (1 2 (1,3 4,9)))",
    "SELECT mailbox=x qresync= uidValidity=1 modseq=2 match= numbers=[1,3] uids=[4,9]",
  ],
  [
    "a SELECT x (QRESYNC (1 2 1:9 (1,3 4,9)) CONDSTORE)",
    "SELECT mailbox=x condstore=true qresync= uidValidity=1 modseq=2 known=[1:9] match= numbers=[1,3] uids=[4,9]",
  ],
  ["a SELECT x (QRESYNC (0 2))", 'BAD Expected a UIDVALIDITY, not "0 2))"'],
  ["a SELECT x (QRESYNC (1 0))", 'BAD Expected a modification sequence, not "0))"'],
  ["a SELECT x (QRESYNC (1 2 1:*))", 'BAD Known numbers are a set without "*" and "$"'],
  ["a SELECT x (QRESYNC (1 2 $))", 'BAD Known numbers are a set without "*" and "$"'],
  ["a SELECT x (QRESYNC (1))", 'BAD Expected a blank and a modification sequence, not "))"'],
  ["a SELECT x ()", 'BAD Expected CONDSTORE or QRESYNC, not ")"'],
  ["a SELECT x (ANNOTATE)", 'BAD Expected CONDSTORE or QRESYNC, not "ANNOTATE)"'],
  [
    "a SELECT x (QRESYNC (1 99999999999999999999))",
    'BAD Expected a modification sequence, not "99999999999999999999))"',
  ],
  ["a SELECT x (QRESYNC (1 9223372036854775807))", "SELECT mailbox=x qresync= uidValidity=1 modseq=9007199254740991"],
  ["a CREATE Inbox", "CREATE mailbox=INBOX specialUse=[]"],
  ['a CREATE "Entw&APw-rfe/2026"', "CREATE mailbox=Entwürfe/2026 specialUse=[]"],
  ["a CREATE sent (USE (\\Sent \\Archive))", "CREATE mailbox=sent specialUse=[\\Sent,\\Archive]"],
  ["a CREATE sent (USE ())", "CREATE mailbox=sent specialUse=[]"],
  ["a CREATE sent (COLOUR (x))", 'BAD Expected USE, not "COLOUR (x))"'],
  ["a DELETE x", "DELETE mailbox=x"],
  ["a SUBSCRIBE x", "SUBSCRIBE mailbox=x"],
  ["a UNSUBSCRIBE x", "UNSUBSCRIBE mailbox=x"],
  ["a RENAME a b", "RENAME a → b"],
  ["a RENAME a", "BAD Expected a blank and its new name, not the end"],
  [
    "a STATUS x (MESSAGES unseen UIDNEXT UIDVALIDITY RECENT SIZE DELETED HIGHESTMODSEQ APPENDLIMIT MAILBOXID DELETED-STORAGE)",
    "STATUS mailbox=x items=[MESSAGES,UNSEEN,UIDNEXT,UIDVALIDITY,RECENT,SIZE,DELETED,HIGHESTMODSEQ,APPENDLIMIT,MAILBOXID,DELETED-STORAGE]",
  ],
  ["a STATUS x (MESSAGES MESSAGES)", "STATUS mailbox=x items=[MESSAGES]"],
  ["a STATUS x ()", 'BAD Expected an item of STATUS, not ")"'],
  ["a STATUS x MESSAGES", 'BAD Expected "(" and items, not "MESSAGES"'],
  ["a STATUS x (WEATHER)", 'BAD Expected an item of STATUS, not "WEATHER)"'],
  ["a COPY 1:3 x", "COPY set=[1:3] mailbox=x"],
  ["a UID MOVE 5,7 x", "MOVE byUid=true set=[5,7] mailbox=x"],
  ["a COPY x 1", 'BAD Expected a set of numbers, not "x 1"'],
  ["a UID EXPUNGE 3:*", "UID EXPUNGE set=[3:*]"],
  ["a EXPUNGE 1", 'BAD Expected the end of the command, not "1"'],
  ['a GETQUOTA ""', "GETQUOTA root="],
  ["a GETQUOTAROOT inbox", "GETQUOTAROOT mailbox=INBOX"],
  ['a SETQUOTA "" (STORAGE 512 MESSAGE 1000)', "SETQUOTA root= limits= STORAGE=512 MESSAGE=1000"],
  ['a SETQUOTA "" ()', "SETQUOTA root= limits="],
  ['a SETQUOTA "" (STORAGE)', 'BAD Expected a blank and a number, not ")"'],
]);

rows("LIST and LSUB", [
  ['a LIST "" ""', "LIST reference= patterns=[] select=[] returns=[]"],
  ['a LIST "" %', "LIST reference= patterns=[%] select=[] returns=[]"],
  ['a LIST "" "%/%"', "LIST reference= patterns=[%/%] select=[] returns=[]"],
  ['a LIST "" inbox', "LIST reference= patterns=[inbox] select=[] returns=[]"],
  ["a LIST ~foo *", "LIST reference=~foo patterns=[*] select=[] returns=[]"],
  ['a LIST "" "A &- B"', "LIST reference= patterns=[A & B] select=[] returns=[]"],
  ['a LIST "" "Entw&APw-*"', "LIST reference= patterns=[Entwü*] select=[] returns=[]"],
  ['a LIST "" &x%', "LIST reference= patterns=[&x%] select=[] returns=[]"],
  ['a LIST "" {1+}\r\n*', "LIST reference= patterns=[*] select=[] returns=[]"],
  ['a LIST "" "Entwürfe & %"', "LIST reference= patterns=[Entwürfe & %] select=[] returns=[]", utf8Names],
  ['a LIST (SUBSCRIBED) "" *', "LIST reference= patterns=[*] isExtended=true select=[SUBSCRIBED] returns=[]"],
  ['a LIST () "" *', "LIST reference= patterns=[*] isExtended=true select=[] returns=[]"],
  ['a LIST "" (INBOX "a/%")', "LIST reference= patterns=[INBOX,a/%] isExtended=true select=[] returns=[]"],
  ['a LIST "" () ', 'BAD Expected a pattern, not ") "'],
  [
    'a LIST "" % RETURN (CHILDREN SUBSCRIBED SPECIAL-USE)',
    "LIST reference= patterns=[%] isExtended=true select=[] returns=[CHILDREN,SUBSCRIBED,SPECIAL-USE]",
  ],
  ['a LIST "" % RETURN ()', "LIST reference= patterns=[%] isExtended=true select=[] returns=[]"],
  [
    'a LIST "" % RETURN (STATUS (MESSAGES UNSEEN))',
    "LIST reference= patterns=[%] isExtended=true select=[] returns=[] status=[MESSAGES,UNSEEN]",
  ],
  [
    'a LIST (SUBSCRIBED RECURSIVEMATCH) "" *',
    "LIST reference= patterns=[*] isExtended=true select=[SUBSCRIBED,RECURSIVEMATCH] returns=[]",
  ],
  ['a LIST (RECURSIVEMATCH) "" *', "BAD RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it"],
  ['a LIST (RECURSIVEMATCH REMOTE) "" *', "BAD RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it"],
  ['a LIST (COLOUR) "" *', 'BAD Expected SUBSCRIBED, REMOTE, RECURSIVEMATCH or SPECIAL-USE, not "COLOUR) "" *"'],
  ['a LIST "" % RETURN (COLOUR)', 'BAD Expected SUBSCRIBED, CHILDREN, SPECIAL-USE or STATUS, not "COLOUR)"'],
  ['a LIST ""', "BAD Expected a blank and a pattern, not the end"],
  ['a LIST "" % x', 'BAD Expected RETURN, not "x"'],
  ['a LSUB "" *', "LSUB reference= pattern=*"],
  ['a LSUB "" (a b)', 'BAD Expected a pattern, not "(a b)"'],
]);

rows("APPEND and REPLACE (field case O-41)", [
  [
    'a APPEND Sent (\\Seen) "7-Apr-2026 09:05:01 +0000" {2+}\r\nab',
    "APPEND mailbox=Sent messages=[ flags=[\\Seen] internalDate=1775552701000 pieces=[ text= size=2 octets= elsewhere=ab]]",
  ],
  [
    'a APPEND Sent (\\Seen) " 7-Apr-2026 09:05:01 +0000" {2+}\r\nab',
    "APPEND mailbox=Sent messages=[ flags=[\\Seen] internalDate=1775552701000 pieces=[ text= size=2 octets= elsewhere=ab]]",
  ],
  [
    'a APPEND Sent (\\Seen) "07-apr-2026 09:05:01 -0130" {2+}\r\nab',
    "APPEND mailbox=Sent messages=[ flags=[\\Seen] internalDate=1775558101000 pieces=[ text= size=2 octets= elsewhere=ab]]",
  ],
  ["a APPEND Sent {2+}\r\nab", "APPEND mailbox=Sent messages=[ flags=[] pieces=[ text= size=2 octets= elsewhere=ab]]"],
  ['a APPEND Sent () "31-Feb-2026 09:05:01 +0000" {2+}\r\nab', 'BAD "31-Feb-2026 09:05:01 +0000" is no date and time'],
  ["a APPEND Sent {0+}\r\n", "APPEND mailbox=Sent messages=[ flags=[] pieces=[ text= size=0 octets= elsewhere=]]"],
  [
    "a APPEND Sent ~{2+}\r\na\u0000",
    "APPEND mailbox=Sent messages=[ flags=[] pieces=[ text= size=2 isBinary=true octets= elsewhere=a\u0000]]",
  ],
  [
    "a APPEND {4+}\r\nSent {2+}\r\nab",
    "APPEND mailbox=Sent messages=[ flags=[] pieces=[ text= size=2 octets= elsewhere=ab]]",
  ],
  ['a APPEND Sent "ab"', 'BAD "ab" is no date and time'],
  ["a APPEND Sent", "BAD Expected a blank and a message, not the end"],
  ["a APPEND Sent (\\Seen $MDNSent \\*) {2+}\r\nab", 'BAD Expected a flag, not "*) "'],
  ["a APPEND Sent \\Seen {2+}\r\nab", 'BAD Expected a message, not "\\\\Seen "'],
  [
    'a APPEND Sent {2+}\r\nab (\\Seen) {1+}\r\nc "07-Apr-2026 09:05:01 +0000" {1+}\r\nd',
    "APPEND mailbox=Sent messages=[ flags=[] pieces=[ text= size=2 octets= elsewhere=ab], flags=[\\Seen] pieces=[ text= size=1 octets= elsewhere=c], flags=[] internalDate=1775552701000 pieces=[ text= size=1 octets= elsewhere=d]]",
  ],
  ["a APPEND Sent {2+}\r\nab{1+}\r\nc", "BAD Expected the end of the command, not a literal"],
  ["a APPEND Sent {2+}\r\nabx", 'BAD Expected the end of the command, not "x"'],
  ["a APPEND Sent {2+}\r\nab (\\Seen)", "BAD Expected a blank and a message, not the end"],
  [
    "a APPEND Sent UTF8 (~{2+}\r\nab)",
    "APPEND mailbox=Sent messages=[ flags=[] isUtf8=true pieces=[ text= size=2 isBinary=true octets= elsewhere=ab]]",
  ],
  ["a APPEND Sent UTF8 ({2+}\r\nab)", 'BAD Expected a literal8, not ")"'],
  [
    'a APPEND Sent CATENATE (URL "/INBOX;UIDVALIDITY=1/;UID=2" TEXT {2+}\r\nab)',
    "APPEND mailbox=Sent messages=[ flags=[] pieces=[ url=/INBOX;UIDVALIDITY=1/;UID=2, text= size=2 octets= elsewhere=ab] isCatenated=true]",
  ],
  [
    "a APPEND Sent (\\Seen) catenate (text {2+}\r\nab url {4+}\r\n/box text ~{1+}\r\nc)",
    "APPEND mailbox=Sent messages=[ flags=[\\Seen] pieces=[ text= size=2 octets= elsewhere=ab, url=/box, text= size=1 isBinary=true octets= elsewhere=c] isCatenated=true]",
  ],
  ["a APPEND Sent CATENATE ()", 'BAD Expected TEXT or URL, not ")"'],
  ['a APPEND Sent CATENATE (TEXT "ab")', 'BAD Expected a literal, not ""ab")"'],
  [
    "a APPEND Sent CATENATE (TEXT {2+}\r\nab) CATENATE (URL /x)",
    "APPEND mailbox=Sent messages=[ flags=[] pieces=[ text= size=2 octets= elsewhere=ab] isCatenated=true, flags=[] pieces=[ url=/x] isCatenated=true]",
  ],
  [
    "a REPLACE 4 Sent (\\Seen) {2+}\r\nab",
    "REPLACE number=4 mailbox=Sent message= flags=[\\Seen] pieces=[ text= size=2 octets= elsewhere=ab]",
  ],
  [
    "a UID REPLACE 4 Sent {2+}\r\nab",
    "REPLACE byUid=true number=4 mailbox=Sent message= flags=[] pieces=[ text= size=2 octets= elsewhere=ab]",
  ],
  [
    "a REPLACE * Sent {2+}\r\nab",
    "REPLACE number=* mailbox=Sent message= flags=[] pieces=[ text= size=2 octets= elsewhere=ab]",
  ],
  ["a REPLACE 0 Sent {2+}\r\nab", 'BAD Expected a number, not "0 Sent "'],
  ["a REPLACE 1:2 Sent {2+}\r\nab", 'BAD Expected a blank and a mailbox name, not ":2 Sent "'],
  ["a REPLACE 1 Sent {1+}\r\na {1+}\r\nb", "BAD Expected the end of the command, not a literal"],
]);

rows("FETCH", [
  ["a FETCH 1 ALL", "FETCH set=[1] items=[ item=FLAGS, item=INTERNALDATE, item=RFC822.SIZE, item=ENVELOPE]"],
  ["a FETCH 1 fast", "FETCH set=[1] items=[ item=FLAGS, item=INTERNALDATE, item=RFC822.SIZE]"],
  [
    "a FETCH 1 FULL",
    "FETCH set=[1] items=[ item=FLAGS, item=INTERNALDATE, item=RFC822.SIZE, item=ENVELOPE, item=BODY]",
  ],
  ["a FETCH 1 (ALL)", 'BAD Expected something that can be fetched, not "ALL)"'],
  ["a FETCH 1:3,5,*:7 (FLAGS UID)", "FETCH set=[1:3,5,*:7] items=[ item=FLAGS, item=UID]"],
  ["a UID FETCH $ FLAGS", "FETCH byUid=true set=$ items=[ item=FLAGS]"],
  [
    "a FETCH 1 (ENVELOPE BODY BODYSTRUCTURE INTERNALDATE SAVEDATE MODSEQ EMAILID THREADID RFC822 RFC822.HEADER RFC822.SIZE RFC822.TEXT)",
    "FETCH set=[1] items=[ item=ENVELOPE, item=BODY, item=BODYSTRUCTURE, item=INTERNALDATE, item=SAVEDATE, item=MODSEQ, item=EMAILID, item=THREADID, item=RFC822, item=RFC822.HEADER, item=RFC822.SIZE, item=RFC822.TEXT]",
  ],
  ["a FETCH 0 FLAGS", 'BAD "0" is no set of numbers'],
  ["a FETCH 1: FLAGS", 'BAD "1:" is no set of numbers'],
  ["a FETCH 1,,2 FLAGS", 'BAD "1,,2" is no set of numbers'],
  ["a FETCH -1 FLAGS", 'BAD "-1" is no set of numbers'],
  ["a FETCH 4294967296 FLAGS", 'BAD "4294967296" is no set of numbers'],
  ["a FETCH 4294967295 FLAGS", "FETCH set=[4294967295] items=[ item=FLAGS]"],
  ["a FETCH 01 FLAGS", 'BAD "01" is no set of numbers'],
  ["a FETCH 1", "BAD Expected a blank and what to fetch, not the end"],
  ["a FETCH 1 ()", 'BAD Expected something that can be fetched, not ")"'],
  ["a FETCH 1 (FLAGS", 'BAD Expected ")", not the end'],
  ["a FETCH 1 FLAGS UID", 'BAD Expected "(" and modifiers, not "UID"'],
  ["a FETCH 1 WEATHER", 'BAD Expected something that can be fetched, not "WEATHER"'],
  ["a FETCH 1  ( FLAGS  UID )", "FETCH set=[1] items=[ item=FLAGS, item=UID]"],
  ["a FETCH 1 BODY[]", "FETCH set=[1] items=[ item=BODY[] section= part=[] text=all fields=[] label=]"],
  [
    "a FETCH 1 BODY.PEEK[TEXT]",
    "FETCH set=[1] items=[ item=BODY[] peek=true section= part=[] text=TEXT fields=[] label=TEXT]",
  ],
  [
    "a FETCH 1 body.peek[1.2.header]",
    "FETCH set=[1] items=[ item=BODY[] peek=true section= part=[1,2] text=HEADER fields=[] label=1.2.header]",
  ],
  ["a FETCH 1 BODY[1.MIME]", "FETCH set=[1] items=[ item=BODY[] section= part=[1] text=MIME fields=[] label=1.MIME]"],
  ["a FETCH 1 BODY[MIME]", "BAD MIME needs a part number before it"],
  ["a FETCH 1 BODY[1.]", 'BAD Expected a section, not "]"'],
  ["a FETCH 1 BODY[0]", 'BAD Expected a part number, not "0]"'],
  ["a FETCH 1 BODY[.1]", 'BAD Expected a section, not ".1]"'],
  ["a FETCH 1 BODY[1", 'BAD Expected "]", not the end'],
  ["a FETCH 1 BODY[WEATHER]", 'BAD Expected a section, not "WEATHER]"'],
  ["a FETCH 1 BODY.PEEK", 'BAD Expected "[", not the end'],
  // Field case O-38: the label is what the client wrote.
  [
    "a FETCH 1 BODY.PEEK[HEADER.FIELDS (date subject From x-uniform-type-identifier)]",
    "FETCH set=[1] items=[ item=BODY[] peek=true section= part=[] text=HEADER.FIELDS fields=[date,subject,From,x-uniform-type-identifier] label=HEADER.FIELDS (date subject From x-uniform-type-identifier)]",
  ],
  [
    'a FETCH 1 BODY[1.HEADER.FIELDS.NOT ("Date" X)]',
    'FETCH set=[1] items=[ item=BODY[] section= part=[1] text=HEADER.FIELDS.NOT fields=[Date,X] label=1.HEADER.FIELDS.NOT ("Date" X)]',
  ],
  [
    "a FETCH 1 BODY[HEADER.FIELDS (To {3+}\r\nX-A)]",
    "FETCH set=[1] items=[ item=BODY[] section= part=[] text=HEADER.FIELDS fields=[To,X-A] label=HEADER.FIELDS (To X-A)]",
  ],
  ["a FETCH 1 BODY[HEADER.FIELDS ()]", 'BAD Expected the name of a field, not ")]"'],
  ["a FETCH 1 BODY[HEADER.FIELDS]", 'BAD Expected a blank and names of fields, not "]"'],
  // Field case O-47.
  [
    "a FETCH 7 BODY.PEEK[1]<0.2048>",
    "FETCH set=[7] items=[ item=BODY[] peek=true section= part=[1] text=all fields=[] label=1 partial= from=0 octets=2048]",
  ],
  ["a FETCH 7 BODY.PEEK[1]<0.0>", 'BAD Expected a number of octets above zero, not "0>"'],
  ["a FETCH 7 BODY[]<5>", 'BAD Expected ".", not ">"'],
  ["a FETCH 7 BODY[]<-1.5>", 'BAD Expected an offset, not "-1.5>"'],
  [
    "a FETCH 7 BODY[]<9223372036854775807.5>",
    "FETCH set=[7] items=[ item=BODY[] section= part=[] text=all fields=[] label= partial= from=9007199254740991 octets=5]",
  ],
  [
    "a FETCH 1 (BINARY[1.2]<0.5> BINARY.PEEK[] BINARY.SIZE[2])",
    "FETCH set=[1] items=[ item=BINARY[] part=[1,2] partial= from=0 octets=5, item=BINARY[] peek=true part=[], item=BINARY.SIZE[] part=[2]]",
  ],
  ["a FETCH 1 BINARY[TEXT]", 'BAD Expected a part number, not "TEXT]"'],
  ["a FETCH 1 BINARY[1.]", 'BAD Expected a part number, not "]"'],
  ["a FETCH 1 BINARY", 'BAD Expected "[", not the end'],
  ["a FETCH 1 PREVIEW", "FETCH set=[1] items=[ item=PREVIEW]"],
  ["a FETCH 1 (PREVIEW (LAZY) UID)", "FETCH set=[1] items=[ item=PREVIEW isLazy=true, item=UID]"],
  ["a FETCH 1 PREVIEW (LAZY)", "FETCH set=[1] items=[ item=PREVIEW isLazy=true]"],
  ["a FETCH 1 PREVIEW (CHANGEDSINCE 5)", "FETCH set=[1] items=[ item=PREVIEW] changedSince=5"],
  ["a FETCH 1 FLAGS (CHANGEDSINCE 12345)", "FETCH set=[1] items=[ item=FLAGS] changedSince=12345"],
  [
    "a UID FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)",
    "FETCH byUid=true set=[1] items=[ item=FLAGS] changedSince=5 vanished=true",
  ],
  ["a FETCH 1 FLAGS (CHANGEDSINCE 5 VANISHED)", "BAD VANISHED needs UID FETCH and CHANGEDSINCE"],
  ["a UID FETCH 1 FLAGS (VANISHED)", "BAD VANISHED needs UID FETCH and CHANGEDSINCE"],
  ["a FETCH 1 FLAGS (CHANGEDSINCE 0)", 'BAD Expected a modification sequence, not "0)"'],
]);

rows("STORE", [
  ["a STORE 1 FLAGS (\\Seen \\Deleted Work)", "STORE set=[1] change=replace flags=[\\Seen,\\Deleted,Work]"],
  ["a STORE 1:* +FLAGS \\Seen", "STORE set=[1:*] change=add flags=[\\Seen]"],
  ["a UID STORE 3 -flags.silent (\\Draft)", "STORE byUid=true set=[3] change=remove isSilent=true flags=[\\Draft]"],
  ["a STORE 1 FLAGS ()", "STORE set=[1] change=replace flags=[]"],
  ["a STORE 1 +FLAGS a b", "STORE set=[1] change=add flags=[a,b]"],
  ["a STORE 1 +FLAGS NIL", "STORE set=[1] change=add flags=[NIL]"],
  ["a STORE 1 FLAGS", "BAD Expected a blank and flags, not the end"],
  ["a STORE 1 *FLAGS x", 'BAD Expected FLAGS or FLAGS.SILENT, not "*FLAGS x"'],
  ["a STORE 1 FLAGS (\\)", 'BAD Expected a flag, not ")"'],
  ['a STORE 1 FLAGS (a"b)', 'BAD Expected a flag, not ""b)"'],
  [
    "a STORE 1 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)",
    "STORE set=[1] change=add isSilent=true flags=[\\Deleted] unchangedSince=320162338",
  ],
  ["a STORE 1 (UNCHANGEDSINCE 0) FLAGS x", "STORE set=[1] change=replace flags=[x] unchangedSince=0"],
  ["a STORE 1 () FLAGS x", 'BAD Expected UNCHANGEDSINCE, not ") FLAGS x"'],
]);

rows("SEARCH", [
  ["a SEARCH ALL", "SEARCH key= is=all"],
  ["a UID SEARCH UNSEEN", "SEARCH byUid=true key= is=not key= is=flag flag=\\seen"],
  [
    "a SEARCH ANSWERED UNANSWERED",
    "SEARCH key= is=and keys=[ is=flag flag=\\answered, is=not key= is=flag flag=\\answered]",
  ],
  [
    "a SEARCH NEW OLD RECENT",
    "SEARCH key= is=and keys=[ is=and keys=[ is=recent, is=not key= is=flag flag=\\seen], is=not key= is=recent, is=recent]",
  ],
  ["a SEARCH KEYWORD $Work UNKEYWORD x", "SEARCH key= is=and keys=[ is=flag flag=$Work, is=not key= is=flag flag=x]"],
  ["a SEARCH KEYWORD \\Seen", "SEARCH key= is=flag flag=\\seen"],
  [
    "a SEARCH 2:4,7 UID 5:* NOT $",
    "SEARCH key= is=and keys=[ is=numbers set=[2:4,7], is=uids set=[5:*], is=not key= is=numbers set=$]",
  ],
  ["a SEARCH OR SEEN NOT FLAGGED", "SEARCH key= is=or keys=[ is=flag flag=\\seen, is=not key= is=flag flag=\\flagged]"],
  [
    "a SEARCH (SEEN (DRAFT)) DELETED",
    "SEARCH key= is=and keys=[ is=and keys=[ is=flag flag=\\seen, is=flag flag=\\draft], is=flag flag=\\deleted]",
  ],
  ["a SEARCH ()", 'BAD Expected a search key, not ")"'],
  ["a SEARCH", "BAD Expected a blank and what to search, not the end"],
  ["a SEARCH SEEN)", 'BAD Expected the end of the command, not ")"'],
  ["a SEARCH OR SEEN", "BAD Expected a blank and a search key, not the end"],
  ["a SEARCH WEATHER", 'BAD Expected a search key, not "WEATHER"'],
  [
    'a SEARCH FROM anna TO "b c" CC {1+}\r\nd BCC "" SUBJECT NIL',
    "SEARCH key= is=and keys=[ is=header field=from text=anna, is=header field=to text=b c, is=header field=cc text=d, is=header field=bcc text=, is=header field=subject text=NIL]",
  ],
  ['a SEARCH HEADER Message-ID "<a@b>"', "SEARCH key= is=header field=message-id text=<a@b>"],
  ['a SEARCH HEADER X-Y ""', "SEARCH key= is=header field=x-y text="],
  ["a SEARCH BODY x TEXT y", "SEARCH key= is=and keys=[ is=body text=x, is=text text=y]"],
  ["a SEARCH BODY", "BAD Expected a blank and a text, not the end"],
  [
    "a SEARCH LARGER 5 SMALLER 4294967296",
    "SEARCH key= is=and keys=[ is=larger octets=5, is=smaller octets=4294967296]",
  ],
  ["a SEARCH LARGER -1", 'BAD Expected a number, not "-1"'],
  [
    'a SEARCH BEFORE 1-Feb-2026 ON "01-feb-2026" SINCE 28-Feb-2026',
    "SEARCH key= is=and keys=[ is=before of=internal day=2026-02-01, is=on of=internal day=2026-02-01, is=since of=internal day=2026-02-28]",
  ],
  [
    "a SEARCH SENTBEFORE 1-Feb-2026 SENTON 1-Feb-2026 SENTSINCE 1-Feb-2026",
    "SEARCH key= is=and keys=[ is=before of=sent day=2026-02-01, is=on of=sent day=2026-02-01, is=since of=sent day=2026-02-01]",
  ],
  [
    "a SEARCH SAVEDBEFORE 1-Feb-2026 SAVEDON 1-Feb-2026 SAVEDSINCE 1-Feb-2026 SAVEDATESUPPORTED",
    "SEARCH key= is=and keys=[ is=before of=saved day=2026-02-01, is=on of=saved day=2026-02-01, is=since of=saved day=2026-02-01, is=savedate-supported]",
  ],
  ["a SEARCH ON 30-Feb-2026", 'BAD "30-Feb-2026" is no date'],
  ["a SEARCH ON yesterday", 'BAD "yesterday" is no date'],
  ["a SEARCH OLDER 3600 YOUNGER 60", "SEARCH key= is=and keys=[ is=older seconds=3600, is=younger seconds=60]"],
  ["a SEARCH OLDER 0", 'BAD Expected seconds, not "0"'],
  ["a SEARCH MODSEQ 620162338", "SEARCH key= is=modseq atLeast=620162338"],
  ['a SEARCH MODSEQ "/flags/\\\\draft" all 620162338', "SEARCH key= is=modseq atLeast=620162338"],
  ['a SEARCH MODSEQ "/flags/\\\\draft" 5', 'BAD Expected PRIV, SHARED or ALL, not "5"'],
  ["a SEARCH EMAILID M1 THREADID T2", "SEARCH key= is=and keys=[ is=email-id id=M1, is=thread-id id=T2]"],
  // Field case O-44.
  [
    "a UID SEARCH CHARSET UTF-8 SUBJECT {7}\r\nStraße",
    "SEARCH byUid=true charset=UTF-8 key= is=header field=subject text=Straße",
  ],
  [
    "b UID SEARCH CHARSET UTF-8 TEXT {4+}\r\nfür NOT SEEN",
    "SEARCH byUid=true charset=UTF-8 key= is=and keys=[ is=text text=für, is=not key= is=flag flag=\\seen]",
  ],
  ["c SEARCH CHARSET KLINGON ALL", 'NO [BADCHARSET (US-ASCII UTF-8 ISO] "KLINGON" is no charset that is known here'],
  ["d SEARCH SUBJECT {7+}\r\nStraße", "SEARCH key= is=header field=subject text=Straße"],
  [
    "e UID SEARCH CHARSET US-ASCII OR SUBJECT a BODY b",
    "SEARCH byUid=true charset=US-ASCII key= is=or keys=[ is=header field=subject text=a, is=body text=b]",
  ],
  ['a SEARCH CHARSET utf-8 TEXT "ü"', "SEARCH charset=utf-8 key= is=text text=ü"],
  ['a SEARCH CHARSET "ISO-8859-1" ALL', "SEARCH charset=ISO-8859-1 key= is=all"],
  ["a SEARCH CHARSET UTF-16 ALL", 'NO [BADCHARSET (US-ASCII UTF-8 ISO] "UTF-16" is no charset that is known here'],
  ["a SEARCH CHARSET", "BAD Expected a blank and a charset, not the end"],
  ["a SEARCH CHARSET UTF-8", "BAD Expected a blank and what to search, not the end"],
  ["a SEARCH RETURN () ALL", "SEARCH returns= items=[] key= is=all"],
  ["a SEARCH RETURN (MIN max COUNT ALL) ALL", "SEARCH returns= items=[MIN,MAX,COUNT,ALL] key= is=all"],
  ["a SEARCH RETURN (SAVE) ALL", "SEARCH returns= items=[] save=true key= is=all"],
  [
    "a SEARCH RETURN (CONTEXT UPDATE COUNT) CHARSET UTF-8 ALL",
    "SEARCH returns= items=[COUNT] context=true update=[] charset=UTF-8 key= is=all",
  ],
  [
    "a UID SEARCH RETURN (COUNT UPDATE (UID FLAGS)) ALL",
    "SEARCH byUid=true returns= items=[COUNT] update=[ item=UID, item=FLAGS] key= is=all",
  ],
  ["a SEARCH RETURN (UPDATE(ENVELOPE) MIN) ALL", "SEARCH returns= items=[MIN] update=[ item=ENVELOPE] key= is=all"],
  ["a SEARCH RETURN (UPDATE ()) ALL", 'BAD Expected something that can be fetched, not ")) ALL"'],
  ["a SEARCH RETURN (UPDATE (FAST)) ALL", 'BAD Expected something that can be fetched, not "FAST)) ALL"'],
  ["a SEARCH RETURN (PARTIAL 1:100) ALL", "SEARCH returns= items=[] partial=1:100 key= is=all"],
  ["a SEARCH RETURN (PARTIAL -1:-100) ALL", "SEARCH returns= items=[] partial=-1:-100 key= is=all"],
  ["a SEARCH RETURN (PARTIAL 1:-100) ALL", 'BAD Expected a number, not "-100) ALL"'],
  ["a SEARCH RETURN (PARTIAL 0:5) ALL", 'BAD Expected a number, not "0:5) ALL"'],
  ["a SEARCH RETURN (PARTIAL 1:5 PARTIAL 6:9) ALL", "BAD PARTIAL is there twice"],
  ["a SEARCH RETURN (PARTIAL 1:5 ALL) ALL", "BAD PARTIAL and ALL exclude each other"],
  [
    "a SEARCH RETURN (WEATHER) ALL",
    'BAD Expected MIN, MAX, ALL, COUNT, SAVE, CONTEXT, UPDATE or PARTIAL, not "WEATHER) ALL"',
  ],
  ["a SEARCH RETURN (MIN)", "BAD Expected a blank and what to search, not the end"],
]);

rows("SORT and THREAD", [
  [
    "a SORT (SUBJECT) UTF-8 SINCE 1-Feb-2026",
    "SORT by=[ by=SUBJECT] charset=UTF-8 key= is=since of=internal day=2026-02-01",
  ],
  [
    "a UID SORT (REVERSE DATE from CC SIZE ARRIVAL TO DISPLAYFROM REVERSE DISPLAYTO) US-ASCII ALL",
    "SORT byUid=true by=[ by=DATE isReverse=true, by=FROM, by=CC, by=SIZE, by=ARRIVAL, by=TO, by=DISPLAYFROM, by=DISPLAYTO isReverse=true] charset=US-ASCII key= is=all",
  ],
  [
    "a SORT RETURN (MIN COUNT) (DATE) UTF-8 ALL",
    "SORT returns= items=[MIN,COUNT] by=[ by=DATE] charset=UTF-8 key= is=all",
  ],
  ["a SORT () UTF-8 ALL", 'BAD Expected a sort key, not ") UTF-8 ALL"'],
  ["a SORT (WEATHER) UTF-8 ALL", 'BAD Expected a sort key, not "WEATHER) UTF-8 ALL"'],
  ["a SORT (REVERSE) UTF-8 ALL", 'BAD Expected a blank and what to sort by, not ") UTF-8 ALL"'],
  ["a SORT (DATE) ALL", "BAD Expected a blank and what to search, not the end"],
  ["a SORT (DATE) KLINGON ALL", 'NO [BADCHARSET (US-ASCII UTF-8 ISO] "KLINGON" is no charset that is known here'],
  ["a SORT DATE UTF-8 ALL", 'BAD Expected "(" and what to sort by, not "DATE UTF-8 ALL"'],
  ["a THREAD REFERENCES UTF-8 ALL", "THREAD algorithm=REFERENCES charset=UTF-8 key= is=all"],
  [
    'a UID THREAD orderedsubject us-ascii TEXT "x"',
    "THREAD byUid=true algorithm=ORDEREDSUBJECT charset=us-ascii key= is=text text=x",
  ],
  ["a THREAD REFS UTF-8 ALL", 'BAD Expected REFERENCES or ORDEREDSUBJECT, not "REFS UTF-8 ALL"'],
  ["a THREAD REFERENCES UTF-8", "BAD Expected a blank and what to search, not the end"],
]);

rows("NOTIFY", [
  ["a NOTIFY NONE", "NOTIFY"],
  [
    "a NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))",
    "NOTIFY set= groups=[ where= is=selected events=[ event=MessageNew items=[], event=MessageExpunge, event=FlagChange]]",
  ],
  [
    "a NOTIFY SET STATUS (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (From)]) MessageExpunge)) (personal (MailboxName SubscriptionChange))",
    "NOTIFY set= status=true groups=[ where= is=selected events=[ event=MessageNew items=[ item=UID, item=BODY[] peek=true section= part=[] text=HEADER.FIELDS fields=[From] label=HEADER.FIELDS (From)], event=MessageExpunge], where= is=personal events=[ event=MailboxName, event=SubscriptionChange]]",
  ],
  [
    "a NOTIFY SET (SELECTED-DELAYED (messagenew messageexpunge)) (SUBTREE Lists (MessageNew MessageExpunge)) (MAILBOXES (a inbox) NONE)",
    "NOTIFY set= groups=[ where= is=selected-delayed events=[ event=MessageNew items=[], event=MessageExpunge], where= is=subtree mailboxes=[Lists] events=[ event=MessageNew items=[], event=MessageExpunge], where= is=mailboxes mailboxes=[a,INBOX]]",
  ],
  [
    "a NOTIFY SET (INBOXES NONE) (SUBSCRIBED (MailboxMetadataChange ServerMetadataChange))",
    "NOTIFY set= groups=[ where= is=inboxes, where= is=subscribed events=[ event=MailboxMetadataChange, event=ServerMetadataChange]]",
  ],
  ["a NOTIFY SET (SELECTED (MessageNew))", "BAD MessageNew and MessageExpunge need each other"],
  ["a NOTIFY SET (SELECTED (FlagChange))", "BAD FlagChange and AnnotationChange need MessageNew and MessageExpunge"],
  ["a NOTIFY SET (SELECTED (Weather))", "NO [BADEVENT (MessageNew MessageEx] WEATHER is no event that is known here"],
  [
    "a NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))",
    "BAD Only SELECTED mailboxes can say what to fetch of new messages",
  ],
  [
    "a NOTIFY SET (FOLDERS (MessageNew MessageExpunge))",
    'BAD Expected which mailboxes, not "FOLDERS (MessageNew MessageExpunge))"',
  ],
  ["a NOTIFY SET", "BAD Expected a blank and groups of events, not the end"],
  ["a NOTIFY", "BAD Expected a blank and SET or NONE, not the end"],
  ["a NOTIFY SET (SELECTED MessageNew)", 'BAD Expected events or NONE, not "MessageNew)"'],
  ["a NOTIFY SET (SELECTED (MessageNew MessageExpunge)", 'BAD Expected ")", not the end'],
  ["a NOTIFY NONE (SELECTED NONE)", 'BAD Expected the end of the command, not "(SELECTED NONE)"'],
]);

it("says the tag also of what it refuses, when there is one", () => {
  assert.equal(parse("a7 XYZZY").tag, "a7");
  assert.equal(parse("{").tag, null);
});

it("bounds how deep a search nests, and reads one of many terms", () => {
  const nested = "NOT (OR SEEN ".repeat(400) + "DRAFT" + ")".repeat(400);
  assert.match(show(`a SEARCH ${nested}`), /^BAD A search cannot be nested more than 1000 deep$/);
  for (const opening of ["(", "NOT ", "OR ", "NOT (", "OR ALL ", "(ALL "]) {
    assert.match(
      show(`a SEARCH ${opening.repeat(60_000 / opening.length)}`),
      /^BAD A search cannot be nested/,
      opening,
    );
  }
  const terms = Array.from({ length: 800 }, (_, n) => `HEADER Message-ID <${n}@x>`);
  assert.match(show(`a SEARCH ${"OR ".repeat(799)}${terms.join(" ")}`), /^SEARCH key= is=or/);
  assert.match(show(`a SEARCH ${"SEEN ".repeat(12_000)}`), /^SEARCH key= is=and/);
});

it("decodes the texts of a search by its charset", () => {
  const literal = (charset: string, octets: number[]) =>
    show(Buffer.concat([Buffer.from(`a SEARCH ${charset}TEXT {${octets.length}+}\r\n`), Buffer.from(octets)]));
  assert.equal(literal("CHARSET ISO-8859-1 ", [0xfc]), "SEARCH charset=ISO-8859-1 key= is=text text=ü");
  assert.equal(literal("CHARSET iso-8859-15 ", [0xa4]), "SEARCH charset=iso-8859-15 key= is=text text=€");
  assert.equal(literal("CHARSET KOI8-R ", [0xc6]), "SEARCH charset=KOI8-R key= is=text text=ф");
  assert.equal(literal("CHARSET Shift_JIS ", [0x93, 0xfa]), "SEARCH charset=Shift_JIS key= is=text text=日");
  assert.match(literal("CHARSET UTF-8 ", [0xfc]), /^BAD The text is not UTF-8: /);
  assert.match(literal("CHARSET Shift_JIS ", [0x93]), /^BAD The text is not SHIFT_JIS: /);
  // Without a charset octets beyond ASCII are UTF-8 or refused, never searched for as something else (field case O-44).
  assert.match(literal("", [0xfc]), /^BAD The text is not UTF-8: /);
  // Every charset that BADCHARSET names is one that we have.
  for (const name of charsets.split(" "))
    assert.equal(literal(`CHARSET ${name} `, [0x61]), `SEARCH charset=${name} key= is=text text=a`);
});
