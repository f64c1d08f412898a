import type { Address } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";

/** What may stand for the recipient in the filter of a directory. */
const placeholders = {
  "%{address}": formatAddress,
  "%{local-part}": ({ localPart }: Address) => localPart,
  "%{domain}": ({ domain }: Address) => domain,
} as const satisfies Record<string, (address: Address) => string>;

const placeholder = /%\{[^}]*\}?/g;

/** The filter for one recipient: whatever a stranger writes stays inside the value where it was put (RFC 4515 §3). */
export function filterFor(template: string, address: Address): string {
  return template.replace(placeholder, (found) =>
    isPlaceholder(found) ? escapedValue(placeholders[found](address)) : found,
  );
}

/** What is wrong with a filter of the boot file; `null`: nothing that can be seen without a directory. */
export function filterProblem(template: string): string | null {
  const found = template.match(placeholder) ?? [];
  const unknown = found.find((one) => !isPlaceholder(one));
  const known = Object.keys(placeholders).join(", ");
  if (unknown !== undefined) return `holds ${JSON.stringify(unknown)}: ${known} can stand there`;
  if (found.length === 0) return `names no recipient: ${known} is wanted in it`;
  // A value ends at a bracket: only behind "=" and before ")" is what was put in surely inside of one.
  const bare = template.replace(placeholder, "x");
  return isBalanced(bare) ? null : "is not a filter in brackets, like (mail=%{address})";
}

function isPlaceholder(text: string): text is keyof typeof placeholders {
  return text in placeholders;
}

function escapedValue(text: string): string {
  return text.replace(/[*()\\\0]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function isBalanced(filter: string): boolean {
  let depth = 0;
  for (const [at, character] of Array.from(filter).entries()) {
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (depth < 0 || (depth === 0 && at < filter.length - 1)) return false;
  }
  return depth === 0 && filter.length > 2;
}
