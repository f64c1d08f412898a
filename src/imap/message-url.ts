import type { Partial, Section } from "./command.ts";
import { withInbox } from "./mailbox-name.ts";
import { readSection } from "./parse-fetch.ts";
import { Scanner } from "./scanner.ts";

/** What a URL of CATENATE names (RFC 4469 §3, RFC 5092 §5): a message of the same account, or a part of one. */
export type MessageUrl = {
  readonly mailbox: string;
  readonly uidValidity: number | null;
  readonly uid: number;
  readonly section: Section;
  readonly partial: Partial | null;
};

const whole: Section = { part: [], text: "all", fields: [], label: "" };
const number = "([1-9][0-9]{0,9})";
const grammar = new RegExp(
  `^/([^;]+?)(?:;uidvalidity=${number})?/;uid=${number}(?:/;section=([^;]+?))?(?:/;partial=([0-9]{1,10})(?:\\.${number})?)?$`,
  "i",
);

/** Of the form "/Drafts;UIDVALIDITY=3857/;UID=20/;SECTION=1.2/;PARTIAL=0.1024". null: it is none that can be read here. */
export function parseMessageUrl(text: string): MessageUrl | null {
  const found = grammar.exec(text);
  if (found === null) return null;
  const [, encodedMailbox = "", uidValidity, uid = "", encodedSection, from, octets] = found;
  const mailbox = decoded(encodedMailbox);
  const section = encodedSection === undefined ? whole : sectionOf(decoded(encodedSection));
  if (mailbox === null || section === null) return null;
  return {
    mailbox: withInbox(mailbox),
    uidValidity: uidValidity === undefined ? null : Number(uidValidity),
    uid: Number(uid),
    section,
    partial: from === undefined ? null : { from: Number(from), octets: Number(octets ?? 0xffff_ffff) },
  };
}

function sectionOf(text: string | null): Section | null {
  if (text === null) return null;
  const scanner = new Scanner([Buffer.from(text)]);
  const section = readSection(scanner);
  return scanner.refusal === null && scanner.isAtEnd ? section : null;
}

/** UTF-8 behind percent signs (RFC 5092 §4). */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text).normalize("NFC");
  } catch {
    return null;
  }
}
