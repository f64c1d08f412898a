import { shown } from "./shown.ts";

/**
 * The text of a mailbox name as it came: levels apart by "/", NFC (RFC 9051 §5.1, RFC 5198), INBOX in capitals. `isUtf8`: the session
 * has enabled UTF8=ACCEPT or IMAP4rev2, and names are UTF-8 and nothing else; before that modified UTF-7 (RFC 3501 §5.1.3), where
 * characters beyond ASCII are taken as they are. null: it is no modified UTF-7 (field case O-45).
 */
export function readMailboxName(text: string, isUtf8: boolean): string | null {
  const name = isUtf8 ? text : decodeModifiedUtf7(text);
  return name === null ? null : withInbox(name.normalize("NFC"));
}

/** INBOX in any case is the same, also above its children (RFC 9051 §5.1). */
export function withInbox(name: string): string {
  return /^inbox(?=\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name;
}

/** What the session is told: a name for astring. */
export function writeMailboxName(name: string, isUtf8: boolean): string {
  return isUtf8 ? name : encodeModifiedUtf7(name);
}

const longestLevel = 255;
const longestName = 1_000;
const mostLevels = 40;

/** Why no mailbox can be made by that name, in words; null: one can. A "/" at the end means nothing (RFC 9051 §6.3.4). */
export function mailboxNameFlaw(name: string): string | null {
  const levels = name.split("/");
  if (name === "") return "A mailbox name cannot be empty";
  if (levels.includes("")) return "A mailbox name cannot have an empty level";
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)) return `A mailbox name cannot have control characters: ${shown(name)}`;
  // No client could list it without listing others.
  if (/[%*]/.test(name)) return `A mailbox name cannot have "%" or "*": ${shown(name)}`;
  if (levels.length > mostLevels) return `A mailbox name cannot have more than ${mostLevels} levels`;
  if (name.length > longestName) return `A mailbox name cannot have more than ${longestName} characters`;
  const long = levels.find((level) => level.length > longestLevel);
  return long === undefined ? null : `A level cannot have more than ${longestLevel} characters: ${shown(long)}`;
}

/** Every character beyond printable ASCII in base64 of UTF-16 between "&" and "-"; "&" itself is "&-". */
export function encodeModifiedUtf7(name: string): string {
  return name.replace(/&|[^ -~]+/g, (run) => {
    if (run === "&") return "&-";
    const octets = Buffer.from(run, "utf16le").swap16();
    return `&${octets.toString("base64").replaceAll("/", ",").replace(/=+$/, "")}-`;
  });
}

/** null: an "&" begins nothing, or what it begins is no UTF-16 or would hide printable ASCII (RFC 3501 §5.1.3). */
export function decodeModifiedUtf7(text: string): string | null {
  if (!text.includes("&")) return text;
  let name = "";
  for (let at = 0; at < text.length;) {
    const shift = text.indexOf("&", at);
    if (shift < 0) return name + text.slice(at);
    const end = text.indexOf("-", shift);
    const run = end < 0 ? null : decodeRun(text.slice(shift + 1, end));
    if (run === null) return null;
    name += text.slice(at, shift) + run;
    at = end + 1;
  }
  return name;
}

function decodeRun(base64: string): string | null {
  if (base64 === "") return "&";
  if (!/^[A-Za-z0-9+,]+$/.test(base64)) return null;
  const octets = Buffer.from(base64.replaceAll(",", "/"), "base64");
  if (octets.length === 0 || octets.length % 2 !== 0) return null;
  const run = octets.swap16().toString("utf16le");
  // Written back it is the same: no bits left over, no halves of characters, nothing that could stand for itself.
  return run.isWellFormed() && !/[ -~]/.test(run) && encodeModifiedUtf7(run) === `&${base64}-` ? run : null;
}
