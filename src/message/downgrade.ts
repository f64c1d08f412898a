import { type AddressEntry, readAddressField } from "./address-field.ts";
import { encodeWords } from "./encoded-words.ts";
import { eachField, type OctetText, unfold } from "./fields.ts";
import { type MediaType, type Parameters, readDisposition, readMediaType } from "./media-type.ts";

/** RFC 6858 §2.1: an address at which nobody can be reached, in place of one that the client could not use. */
const unusable = "<invalid@internationalized-address.invalid>";

const addressFields = new Set(
  ["from", "sender", "reply-to", "to", "cc", "bcc"].flatMap((name) => [name, `resent-${name}`]),
);
/** Fields whose text people read. */
const textFields = new Set(["subject", "comments", "content-description"]);

/**
 * The header of an internationalised message (RFC 6532) for clients that know of none (RFC 6858): names and subjects as encoded words,
 * addresses that need UTF-8 shown but made unusable, parameters by RFC 2231; other fields that have UTF-8 are left out. What is ASCII stays octet by
 * octet. Only for a header that is valid UTF-8.
 */
export function downgradeHeader(header: Buffer): Buffer {
  const text = header.toString("latin1");
  let made = "";
  let done = 0;
  eachField(text, (name, valueStart, end) => {
    const start = text.lastIndexOf("\n", valueStart - 1) + 1;
    // Octets that are no field: a line without colon.
    made += asciiOnly(text.slice(done, start));
    done = Math.min(end + 1, text.length);
    const field = text.slice(start, done);
    if (isPlain(field) && name !== "content-type") made += field;
    else
      made += downgradeField(name, {
        field,
        label: text.slice(start, valueStart),
        value: unfold(text, valueStart, end),
      });
  });
  return Buffer.from(made + asciiOnly(text.slice(done)), "latin1");
}

const isPlain = (text: OctetText) => !/[\x80-\xff]/.test(text);
const asciiOnly = (text: OctetText) => text.replaceAll(/[\x80-\xff]/g, "?");

type Field = { readonly field: OctetText; readonly label: OctetText; readonly value: OctetText };

function downgradeField(name: string, { field, label, value }: Field): OctetText {
  if (name === "content-type") {
    const type = readMediaType(value);
    // What is inside was downgraded too, so that it is a message that everybody can read.
    if (type?.type === "message" && type.subtype === "global") return `${label} message/rfc822\r\n`;
    if (isPlain(field)) return field;
    return type === null || !isPlain(type.type + type.subtype)
      ? ""
      : `${label} ${type.type}/${type.subtype}${formatParameters(type)}\r\n`;
  }
  if (name === "content-disposition") {
    const disposition = readDisposition(value);
    return disposition === null || !isPlain(disposition.type)
      ? ""
      : `${label} ${disposition.type}${formatParameters(disposition)}\r\n`;
  }
  if (addressFields.has(name)) return `${label} ${formatAddresses(readAddressField(value))}\r\n`;
  return textFields.has(name) ? `${label} ${encodeWords(utf8(value))}\r\n` : "";
}

const utf8 = (text: OctetText) => Buffer.from(text, "latin1").toString("utf8");

/** A word that is ASCII stays; type and subtype are none of those that have UTF-8. */
function formatParameters({ parameters }: MediaType): OctetText {
  return parameters.map((parameter) => `;\r\n ${formatParameter(parameter)}`).join("");
}

/** Characters of a percent-encoded value in one piece, so that lines stay short. */
const longestPiece = 60;

function formatParameter([name, value]: Parameters[number]): OctetText {
  const plainName = asciiOnly(name);
  if (isPlain(value)) return `${plainName}=${formatValue(name, value)}`;
  const encoded = value.replaceAll(
    /[^A-Za-z0-9!#$&+.^_`{|}~-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
  const pieces = encoded.match(/(?:%[0-9A-F]{2}|[^%]){1,20}/g) ?? [];
  if (encoded.length <= longestPiece) return `${plainName}*=utf-8''${encoded}`;
  return pieces.map((piece, at) => `${plainName}*${at}*=${at === 0 ? "utf-8''" : ""}${piece}`).join(";\r\n ");
}

/** RFC 2231: a value under a name with a star is no quoted string. */
function formatValue(name: string, value: OctetText): OctetText {
  return name.endsWith("*") && /^[!-~]*$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function formatAddresses(entries: readonly AddressEntry[]): OctetText {
  let text = "";
  let isFirst = true;
  for (const { name, mailbox, host } of entries) {
    if (mailbox === null) {
      text += ";";
      isFirst = false;
      continue;
    }
    if (!isFirst) text += ",\r\n ";
    isFirst = host === null;
    text += host === null ? `${formatPhrase(mailbox)}: ` : formatAddress(name, mailbox, host);
  }
  return text;
}

function formatAddress(name: OctetText | null, mailbox: OctetText, host: OctetText): OctetText {
  const address = `${formatLocalPart(mailbox)}${host === "" ? "" : `@${host}`}`;
  if (!isPlain(address)) return `${encodeWords(utf8(name === null ? address : `${name} <${address}>`))} ${unusable}`;
  return name === null ? `<${address}>` : `${formatPhrase(name)} <${address}>`;
}

const formatLocalPart = (mailbox: OctetText) =>
  /^[^\s"(),:;<>@[\\\]]+$/.test(mailbox) ? mailbox : `"${mailbox.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

/** Encoded words that are there stay: they would not be read inside quotes. */
function formatPhrase(text: OctetText): OctetText {
  if (!isPlain(text)) return encodeWords(utf8(text));
  return /^(?:[A-Za-z0-9!*+/=_? '.-])*$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
