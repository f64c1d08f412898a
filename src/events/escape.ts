/**
 * Text that a stranger chose, made safe to print: control characters (C0, DEL, C1), line separators, zero-width
 * characters and the marks that turn the direction of writing around (Unicode TR 36 §3.5) become \u{…}, so that nobody forges a line,
 * moves the cursor or hides what stands there. A backslash is doubled: what is printed can be read back.
 */
export function printable(text: string): string {
  return harmless.test(text) ? text : text.replace(dangerous, escaped);
}

/** As `printable`, and at most so many characters: a log line is for reading. */
export function shortened(text: string, most = 200): string {
  const cut = text.length <= most ? text : `${text.slice(0, most)}…`;
  return printable(cut);
}

/** JSON text in which everything is escaped that `printable` would escape, too. */
export function printableJson(json: string): string {
  if (plainJson.test(json)) return json;
  // JSON.stringify leaves well-formed text above DEL as it is; what is dangerous there gets the escape that JSON knows.
  return json.replace(dangerousInJson, (one) =>
    Array.from({ length: one.length }, (_, index) => `\\u${one.charCodeAt(index).toString(16).padStart(4, "0")}`).join(
      "",
    ),
  );
}

const harmless = /^[ -[\]-~]*$/;

const plainJson = /^[ -~]*$/;

/** Cc, Cf, Zl, Zp, unpaired surrogates, and the backslash itself. */
const dangerous = /[\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const dangerousInJson = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

function escaped(one: string): string {
  if (one === "\\") return "\\\\";
  return `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`;
}
