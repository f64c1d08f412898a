import type { List } from "../command.ts";
import type { Answer, Context } from "../context.ts";
import { hasUtf8Names } from "../enabled.ts";
import { formatMailboxName } from "../format.ts";
import { joinPattern, matchesPattern } from "../list-pattern.ts";
import type { ListedMailbox } from "../mail.ts";
import { formatStatus } from "./status.ts";

/** A name that LIST may tell: of a mailbox, or (null) one that is subscribed, or has such names below, and is no mailbox. */
export type Name = { readonly name: string; readonly mailbox: ListedMailbox | null; readonly isSubscribed: boolean };

/** LIST (RFC 9051 §6.3.9) with selection and return options (RFC 5258, RFC 5819, RFC 6154). */
export async function* list(command: List, context: Context): Answer {
  // An empty pattern asks for the delimiter and the root (RFC 9051 §6.3.9; field case O-45).
  if (!command.isExtended && command.patterns[0] === "") {
    yield '* LIST (\\Noselect) "/" ""\r\n';
    return { status: "OK", text: "Listed" };
  }
  const patterns = command.patterns.map((pattern) => joinPattern(command.reference, pattern));
  const names = namesOf(await context.mail.list(), await context.mail.subscriptions());
  const parents = new Set(names.flatMap(({ name, mailbox }) => (mailbox === null ? [] : ancestorsOf(name))));
  const matches = (name: string): boolean => patterns.some((pattern) => matchesPattern(pattern, name));
  const withSubscribedBelow = command.select.includes("RECURSIVEMATCH")
    ? new Set(names.flatMap(({ name, isSubscribed }) => (isSubscribed && !matches(name) ? ancestorsOf(name) : [])))
    : new Set<string>();
  for (const one of names) {
    if (!matches(one.name)) continue;
    const hasSubscribedBelow = withSubscribedBelow.has(one.name);
    if (!isSelectedBy(command, one) && !hasSubscribedBelow) continue;
    const attributes = attributesOf(command, one, parents.has(one.name));
    const name = formatMailboxName(one.name, hasUtf8Names(context.enabled));
    const extended = hasSubscribedBelow ? ' ("CHILDINFO" ("SUBSCRIBED"))' : "";
    yield `* LIST (${attributes.join(" ")}) "/" ${name}${extended}\r\n`;
    if (command.status === null || one.mailbox?.isSelectable !== true) continue;
    const status = await context.mail.status(one.name);
    // Deleted meanwhile: there is nothing to tell.
    if (!("refused" in status)) yield formatStatus(command.status, status, context);
  }
  return { status: "OK", text: "Listed" };
}

function isSelectedBy({ select }: List, { mailbox, isSubscribed }: Name): boolean {
  if (select.includes("SUBSCRIBED") && !isSubscribed) return false;
  if (select.includes("SPECIAL-USE") && (mailbox?.specialUse ?? null) === null) return false;
  return mailbox !== null || select.includes("SUBSCRIBED");
}

function attributesOf(
  { select, returns }: Pick<List, "select" | "returns">,
  { mailbox, isSubscribed }: Name,
  hasChildren: boolean,
): string[] {
  const attributes: string[] = [];
  if (mailbox === null) attributes.push("\\NonExistent");
  else if (!mailbox.isSelectable) attributes.push("\\Noselect");
  // Told although not asked for: RFC 3348 and RFC 6154 §2 let us, and few clients ask.
  attributes.push(hasChildren ? "\\HasChildren" : "\\HasNoChildren");
  if (isSubscribed && (select.includes("SUBSCRIBED") || returns.includes("SUBSCRIBED")))
    attributes.push("\\Subscribed");
  if (mailbox !== null && mailbox.specialUse !== null) attributes.push(mailbox.specialUse);
  return attributes;
}

/** Mailboxes in their order, then names that are subscribed without being there, and what is above those. */
export function namesOf(mailboxes: readonly ListedMailbox[], subscriptions: readonly string[]): Name[] {
  const names: Name[] = mailboxes.map((mailbox) => ({
    name: mailbox.name,
    mailbox,
    isSubscribed: mailbox.isSubscribed,
  }));
  const known = new Set(mailboxes.map(({ name }) => name));
  const subscribed = new Set(subscriptions);
  for (const subscription of subscriptions) {
    for (const name of [...ancestorsOf(subscription), subscription]) {
      if (known.has(name)) continue;
      known.add(name);
      names.push({ name, mailbox: null, isSubscribed: subscribed.has(name) });
    }
  }
  return names;
}

type LineOptions = {
  /** All names, for what is above which. */
  readonly names: readonly Name[];
  readonly enabled: Context["enabled"];
  readonly oldName?: string;
};

/** The LIST response that tells of a change (RFC 5465 §5.4, §5.5): with every attribute as it is now. */
export function listLine(one: Name, { names, enabled, oldName }: LineOptions): string {
  const hasChildren = names.some(({ name, mailbox }) => mailbox !== null && name.startsWith(`${one.name}/`));
  const attributes = attributesOf({ select: [], returns: ["SUBSCRIBED"] }, one, hasChildren);
  const isUtf8 = hasUtf8Names(enabled);
  const extended = oldName === undefined ? "" : ` ("OLDNAME" (${formatMailboxName(oldName, isUtf8)}))`;
  return `* LIST (${attributes.join(" ")}) "/" ${formatMailboxName(one.name, isUtf8)}${extended}\r\n`;
}

export function parentOf(name: string): string | null {
  return ancestorsOf(name).at(-1) ?? null;
}

/** `a`, `a/b` of `a/b/c`. */
export function ancestorsOf(name: string): string[] {
  const levels = name.split("/");
  return levels.slice(1).map((_, i) => levels.slice(0, i + 1).join("/"));
}
