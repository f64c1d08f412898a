import { toASCII, toUnicode } from "tr46";
import type { Refusal } from "./address.ts";

export type DomainWanted = {
  /** In documents blanks around the name are dropped, and what UTS #46 maps (full-width letters, 。) is taken. */
  readonly where: "path" | "document";
  /** One dot at the end; left out: dropped in documents, refused in paths (relay-policy §2.1). */
  readonly trailingDot?: "drop" | "refuse";
};

/** RFC 1035 §2.3.4: 255 octets on the wire are 253 characters of text. */
const longestName = 253;
const longestLabel = 63;
/** No U-label form of a name that fits is longer: bounds the work before Unicode is looked at. */
const longestInput = 4 * (longestName + 1);

/**
 * `url.domainToASCII` would not do: it reads hosts of URLs, so `0x7f.1` becomes an IPv4 address and `ex%41mple` a name.
 */
const strictly = {
  useSTD3ASCIIRules: true,
  checkHyphens: true,
  checkBidi: true,
  checkJoiners: true,
  verifyDNSLength: true,
} as const;

/**
 * Reads a domain name (RFC 5321 §4.1.2, RFC 6531 §3.3) into lower-case A-labels without a trailing dot, the one form in
 * which names are compared. `_`, a leading dot and `*.` are refused everywhere.
 */
export function parseDomain(text: string, { where, trailingDot }: DomainWanted): string | Refusal {
  if (text.length > longestInput) return tooLong;
  let name = where === "document" ? text.trim() : text;
  if (name.endsWith(".")) {
    if ((trailingDot ?? (where === "document" ? "drop" : "refuse")) === "refuse") {
      return { refused: "the domain ends with a dot" };
    }
    name = name.slice(0, -1);
  }
  const shape = shapeOf(name);
  switch (shape) {
    case "lower":
      return name;
    case "upper":
      return name.toLowerCase();
    case "international":
      return readInternational(name, where);
    default:
      return shape;
  }
}

/** The name with U-labels, for people; unchanged where it is no valid internationalised name or an address literal. */
export function displayDomain(ascii: string): string {
  if (!ascii.includes("xn--") || ascii.startsWith("[")) return ascii;
  const { domain, error } = toUnicode(ascii, strictly);
  return error ? ascii : domain;
}

const tooLong: Refusal = { refused: "the domain is longer than 255 octets" };

/**
 * One pass over the name: plain ASCII is judged here, by the grammar of RFC 5321 §4.1.2; only names with A-labels or
 * other letters go on to UTS #46.
 */
function shapeOf(name: string): "lower" | "upper" | "international" | Refusal {
  if (name === "") return { refused: "the domain is empty" };
  let shape: "lower" | "upper" = "lower";
  let isInternational = false;
  let isNumber = true;
  let start = 0;
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? dot : name.charCodeAt(i);
    if (code === dot) {
      if (i === start) return { refused: "a label of the domain is empty" };
      if (name.charCodeAt(start) === hyphen || name.charCodeAt(i - 1) === hyphen) {
        return { refused: "a label of the domain begins or ends with a hyphen" };
      }
      if (i - start > longestLabel && !isInternational)
        return { refused: "a label of the domain is longer than 63 octets" };
      isInternational ||= isALabel(name, start);
      if (i < name.length) isNumber = true;
      start = i + 1;
    } else if (code > 0x7f) {
      isInternational = true;
      isNumber = false;
    } else if (code >= 0x41 && code <= 0x5a) {
      shape = "upper";
      isNumber = false;
    } else if ((code >= 0x61 && code <= 0x7a) || code === hyphen) isNumber = false;
    else if (code < 0x30 || code > 0x39) return { refused: refusalOf(code) };
  }
  // RFC 1123 §2.1, RFC 3696 §2: no top-level name is all digits, and such a name would be dialled as an IPv4 address.
  if (isNumber) return { refused: "the domain ends in a number, as an IPv4 address does: write addresses in brackets" };
  if (isInternational) return "international";
  return name.length > longestName ? tooLong : shape;
}

const dot = 0x2e;
const hyphen = 0x2d;

function refusalOf(code: number): string {
  if (code === 0x5f) return "a domain has no underscore";
  if (code === 0x2a) return "a domain has no wildcard";
  return "a character that no domain holds";
}

/** Whether a label begins with `xn--` in any case. */
function isALabel(name: string, at: number): boolean {
  return (
    (name.charCodeAt(at) | 0x20) === 0x78 &&
    (name.charCodeAt(at + 1) | 0x20) === 0x6e &&
    name.charCodeAt(at + 2) === hyphen &&
    name.charCodeAt(at + 3) === hyphen
  );
}

function readInternational(name: string, where: DomainWanted["where"]): string | Refusal {
  const ascii = toASCII(name, strictly);
  if (ascii === null) return { refused: "the domain is no valid internationalised name" };
  // What Unicode maps to ASCII (full-width digits) must pass the same grammar as ASCII itself.
  const shape = shapeOf(ascii);
  if (typeof shape === "object") return shape;
  // A path holds U-labels (RFC 5890 §2.3.2.1), not just anything that maps to them: only case may differ.
  if (where === "path" && !isSpelledAs(name, ascii)) {
    return { refused: "the domain holds characters that internationalised names do not hold" };
  }
  return ascii;
}

/** Cherokee is folded to its capitals: those came first (Unicode, CaseFolding.txt). */
function inLowerCase(character: string): string {
  return /\p{Script=Cherokee}/u.test(character) ? character.toUpperCase() : character.toLowerCase();
}

/** Whether every label is, apart from case, the A-label or the U-label of the result. */
function isSpelledAs(name: string, ascii: string): boolean {
  // One character at a time: "Σ" has another lower case at the end of a word.
  const lower = Array.from(name.normalize("NFC"), inLowerCase).join("");
  if (lower === ascii) return true;
  const aLabels = ascii.split(".");
  const uLabels = toUnicode(ascii, strictly).domain.split(".");
  const labels = lower.split(".");
  return labels.length === aLabels.length && labels.every((label, i) => label === uLabels[i] || label === aLabels[i]);
}
