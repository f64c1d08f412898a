import type { DomainForm } from "./domain-forms.ts";
import { Fields } from "./fields.ts";
import type { PolicyContext } from "./context.ts";
import { nearestWord, quote } from "./problems.ts";
import { readRecipientList, type RecipientList } from "./recipient-list.ts";

/** How the recipients of a host of ours are verified before they are accepted (relay-policy §2.1). */
export type Verification =
  /** The host is asked. */
  | { readonly by: "callout" }
  | { readonly by: "list"; readonly list: RecipientList }
  /** A directory of the boot file is asked. */
  | { readonly by: "ldap"; readonly directory: string }
  /** Not at all: the document says so, and `check` reports it. */
  | { readonly by: "any" };

/** "callout", "list of 3", "ldap staff", "any". */
export function formatVerification(verification: Verification): string {
  switch (verification.by) {
    case "list":
      return `list of ${verification.list.localParts.size + verification.list.addresses.size}`;
    case "ldap":
      return `ldap ${verification.directory}`;
    case "callout":
    case "any":
      return verification.by;
    default:
      return verification satisfies never;
  }
}

const key = "recipients";
const forms = "write callout (the host is asked before a recipient is taken), a list, { ldap: NAME }, or any";
const callout: Verification = { by: "callout" };

/** The key `recipients` of an entry; absent is a callout. */
export function readVerification(fields: Fields, form: DomainForm, context: PolicyContext): Verification {
  if (!fields.has(key)) return callout;
  const node = fields.node(key);
  if (node?.kind === "list") return { by: "list", list: readRecipientList(fields, key, form) };
  if (node?.kind === "map") {
    const inside = new Fields(node, () => fields.placeOf(key), fields.report);
    inside.allowOnly(["ldap"]);
    const directory = inside.required("ldap", "the name of a directory of the boot file");
    if (directory !== null) reportUnknown(inside, directory, context);
    return { by: "ldap", directory: directory ?? "" };
  }
  if (node?.text === "any" || node?.text === "callout") return { by: node.text };
  fields.complain(key, node === null ? `recipients is empty: ${forms}` : `${quote(node.text)}: ${forms}`);
  return callout;
}

function reportUnknown(fields: Fields, directory: string, { directories }: PolicyContext): void {
  if (directories === null || directories.includes(directory)) return;
  const nearest = nearestWord(directory, directories);
  const hint = nearest === null ? "" : `; did you mean ${quote(nearest)}?`;
  fields.complain("ldap", `${quote(directory)} is no directory of the boot file${hint}`);
}
