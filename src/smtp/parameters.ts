import type { Syntax } from "./offer.ts";
import type { Reply } from "./reply.ts";
import { parameterMalformed, parameterNotOffered, parameterTwice } from "./replies.ts";
import { isXtext } from "./xtext.ts";

// Parameters of MAIL and RCPT: RFC 5321 §4.1.2 (esmtp-param), one keyword per extension that is offered.

/** Parameters of MAIL. AUTH= (RFC 4954 §5) is taken and has no effect: it would grant nothing. */
export type MailParameters = {
  /** Octets, RFC 1870 §6; beyond 2^53 only the order of magnitude is kept. `null`: not said. */
  readonly size: number | null;
  /** RFC 6152. `null`: not said. */
  readonly body: "7BIT" | "8BITMIME" | null;
  /** RFC 6531 §3.4. */
  readonly smtpUtf8: boolean;
  /** RFC 3461 §4.3. */
  readonly ret: "FULL" | "HDRS" | null;
  /** RFC 3461 §4.4, xtext as received: it is passed on so. */
  readonly envid: string | null;
};

/** Parameters of RCPT. */
export type RcptParameters = {
  /** RFC 3461 §4.1: "NEVER", or some of SUCCESS, FAILURE, DELAY in this order, with commas. */
  readonly notify: string | null;
  /** RFC 3461 §4.2, "rfc822;" and xtext as received: it is passed on so. */
  readonly orcpt: string | null;
};

/** No parameter was given; shared, since that is the common case. */
export const noMailParameters: MailParameters = { size: null, body: null, smtpUtf8: false, ret: null, envid: null };
export const noRcptParameters: RcptParameters = { notify: null, orcpt: null };

/** Reads what stands behind the reverse-path, from `at`, which is a blank or the end. */
export function parseMailParameters(text: string, at: number, syntax: Syntax): MailParameters | Reply {
  if (at >= text.length) return noMailParameters;
  const found: { -readonly [K in keyof MailParameters]: MailParameters[K] } = { ...noMailParameters };
  const refused = eachParameter(text, at, (keyword, value) => {
    switch (keyword) {
      case "SIZE":
        if (!isDigits(value) || value.length > 20) return parameterMalformed;
        found.size = Number(value);
        return null;
      case "BODY":
        if (!syntax.eightBitMime) return parameterNotOffered;
        return (found.body = oneOf(value, "7BIT", "8BITMIME")) === null ? refuseBody(value) : null;
      case "SMTPUTF8":
        if (!syntax.smtpUtf8) return parameterNotOffered;
        found.smtpUtf8 = true;
        return value === "" ? null : parameterMalformed;
      case "RET":
        if (!syntax.dsn) return parameterNotOffered;
        return (found.ret = oneOf(value, "FULL", "HDRS")) === null ? parameterMalformed : null;
      case "ENVID":
        if (!syntax.dsn) return parameterNotOffered;
        found.envid = value;
        return value !== "" && value.length <= 100 && isXtext(value) ? null : parameterMalformed;
      case "AUTH":
        if (!syntax.auth) return parameterNotOffered;
        return value === "" ? parameterMalformed : null;
      default:
        return parameterNotOffered;
    }
  });
  return refused ?? found;
}

/** Reads what stands behind the forward-path, from `at`, which is a blank or the end. */
export function parseRcptParameters(text: string, at: number, syntax: Syntax): RcptParameters | Reply {
  if (at >= text.length) return noRcptParameters;
  const found: { -readonly [K in keyof RcptParameters]: RcptParameters[K] } = { ...noRcptParameters };
  const refused = eachParameter(text, at, (keyword, value) => {
    switch (keyword) {
      case "NOTIFY":
        if (!syntax.dsn) return parameterNotOffered;
        return (found.notify = parseNotify(value)) === null ? parameterMalformed : null;
      case "ORCPT":
        if (!syntax.dsn) return parameterNotOffered;
        found.orcpt = value;
        return isOriginalRecipient(value) ? null : parameterMalformed;
      default:
        return parameterNotOffered;
    }
  });
  return refused ?? found;
}

/** Calls `take` with each keyword in upper case and its value ("" when there is none) until it refuses. */
function eachParameter(
  text: string,
  from: number,
  take: (keyword: string, value: string) => Reply | null,
): Reply | null {
  const seen: string[] = [];
  for (let at = from; at < text.length;) {
    if (text[at] === " ") {
      at++;
      continue;
    }
    const blank = text.indexOf(" ", at);
    const word = text.slice(at, blank < 0 ? text.length : blank);
    at += word.length;
    const equals = word.indexOf("=");
    const keyword = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? "" : word.slice(equals + 1);
    if (!isKeyword(keyword) || (equals >= 0 && value === "")) return parameterMalformed;
    const name = keyword.toUpperCase();
    if (!isValue(value, name === "ORCPT")) return parameterMalformed;
    if (seen.includes(name)) return parameterTwice;
    // No more than the keywords that are known get this far: whatever else is given ends the loop below.
    seen.push(name);
    const refused = take(name, value);
    if (refused !== null) return refused;
  }
  return null;
}

/** A body type that RFC 3030 defines and we do not offer is 555; anything else is no body type at all. */
function refuseBody(value: string): Reply {
  return value.toUpperCase() === "BINARYMIME" ? parameterNotOffered : parameterMalformed;
}

function oneOf<const T extends string>(value: string, ...choices: readonly T[]): T | null {
  const upper = value.toUpperCase();
  return choices.find((choice) => choice === upper) ?? null;
}

function parseNotify(value: string): string | null {
  const words = value.toUpperCase().split(",");
  if (words.length === 1 && words[0] === "NEVER") return "NEVER";
  if (!words.every((word) => notifyWords.includes(word))) return null;
  return notifyWords.filter((word) => words.includes(word)).join(",");
}

const notifyWords = ["SUCCESS", "FAILURE", "DELAY"];

/** addr-type ";" xtext, at most 500 octets; type "utf-8" may hold UTF-8 as it is (RFC 6533 §3). */
function isOriginalRecipient(value: string): boolean {
  const semicolon = value.indexOf(";");
  if (semicolon < 1 || semicolon === value.length - 1 || value.length > 500) return false;
  const type = value.slice(0, semicolon);
  const address = value.slice(semicolon + 1);
  if (!isKeyword(type)) return false;
  return isXtext(type.toLowerCase() === "utf-8" ? address.replace(/[^\0-\x7f]/g, "u") : address);
}

/** ALPHA or DIGIT, then these and "-". */
function isKeyword(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]*$/i.test(text);
}

/** esmtp-value: printable without "=" (RFC 5321 §4.1.2); beyond ASCII (RFC 6531 §3.3) where we know what that means. */
function isValue(text: string, allowsUtf8: boolean): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code === 0x3d || (code > 0x7e && (code < 0xa0 || !allowsUtf8))) return false;
  }
  return true;
}

function isDigits(text: string): boolean {
  return /^[0-9]+$/.test(text);
}
