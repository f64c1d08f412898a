// xtext carries any text in an ESMTP parameter: RFC 3461 §4.

const plus = 0x2b;
const equals = 0x3d;

/** Whether the text is xtext: printable ASCII without "+" and "=", which stand as "+2B" and "+3D". */
export function isXtext(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === plus) {
      if (!isHexDigit(text.charCodeAt(at + 1)) || !isHexDigit(text.charCodeAt(at + 2))) return false;
      at += 2;
    } else if (code < 0x21 || code > 0x7e || code === equals) return false;
  }
  return true;
}

/** The octets that xtext stands for, as Latin-1 text; the input has passed `isXtext`. */
export function decodeXtext(text: string): string {
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** xtext of printable or other ASCII text. */
export function encodeXtext(text: string): string {
  return text.replace(
    /[^\x21-\x7e]|[+=]/g,
    (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Upper case only: RFC 3461 §4. */
function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46);
}
