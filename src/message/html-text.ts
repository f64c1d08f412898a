/** The text of HTML as people read it, without markup, scripts and styles. Linear, and never wrong enough to throw. */
export function htmlText(html: string): string {
  let text = "";
  for (let at = 0; at < html.length;) {
    const open = html.indexOf("<", at);
    text += unescape(html.slice(at, open < 0 ? html.length : open));
    if (open < 0) break;
    const tag = readTag(html, open);
    text += tag.text;
    at = tag.end;
  }
  return text;
}

/** Elements whose text nobody sees. */
const hidden = /^(?:script|style|title|template|noscript)$/;
/** Elements that begin a line, or part cells. */
const parting =
  /^(?:p|br|div|td|th|tr|li|ul|ol|dl|dt|dd|h[1-6]|hr|pre|table|blockquote|section|article|header|footer|option|form)$/;

function readTag(html: string, open: number): { readonly text: string; readonly end: number } {
  if (html.startsWith("<!--", open)) return { text: "", end: after(html, "-->", open + 4) };
  const name = /^<\/?([A-Za-z][A-Za-z0-9]{0,20})/.exec(html.slice(open, open + 24))?.[1]?.toLowerCase();
  // "a < b" is text.
  if (name === undefined && !/^<[/!?]/.test(html.slice(open, open + 2))) return { text: "<", end: open + 1 };
  const end = after(html, ">", open);
  if (name === undefined) return { text: "", end };
  if (hidden.test(name) && html.charAt(open + 1) !== "/") return { text: "", end: closingTag(html, name, end) };
  return { text: parting.test(name) ? "\n" : "", end };
}

function after(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from);
  return at < 0 ? html.length : at + mark.length;
}

/** Where the closing tag of an element begins. */
function closingTag(html: string, name: string, from: number): number {
  for (let at = html.indexOf("</", from); at >= 0; at = html.indexOf("</", at + 2))
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at;
  return html.length;
}

function unescape(text: string): string {
  if (!text.includes("&")) return text;
  return text.replaceAll(
    /&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z][A-Za-z0-9]{1,8}));?/g,
    (whole, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return entities.get(name) ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
      return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code).toWellFormed() : "\ufffd";
    },
  );
}

/** Names of the characters from U+00A0 on, in order (HTML 4 §24.2), and some more. */
const latin1 =
  "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
const others =
  "amp & lt < gt > quot \" apos ' euro € ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ bull • hellip … trade ™ lsaquo ‹ rsaquo › OElig Œ oelig œ Scaron Š scaron š Zcaron Ž zcaron ž zwnj \u200c zwj \u200d ensp \u2002 emsp \u2003 thinsp \u2009 rarr → larr ←";
const entities: ReadonlyMap<string, string> = new Map([
  ...latin1.split(" ").map((name, at): [string, string] => [name, String.fromCharCode(0xa0 + at)]),
  ...others
    .split(/ (?=[A-Za-z]+ )/)
    .map((pair): [string, string] => [pair.slice(0, pair.indexOf(" ")), pair.slice(pair.indexOf(" ") + 1)]),
]);
