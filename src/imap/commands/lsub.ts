import type { Command } from "../command.ts";
import type { Answer, Context } from "../context.ts";
import { hasUtf8Names } from "../enabled.ts";
import { formatMailboxName } from "../format.ts";
import { joinPattern, matchesPattern } from "../list-pattern.ts";
import { ancestorsOf } from "./list.ts";

/** LSUB (RFC 3501 §6.3.9): "%" also finds what is above a subscribed name, as \Noselect. */
export async function* lsub(command: Extract<Command, { name: "LSUB" }>, { mail, enabled }: Context): Answer {
  const pattern = joinPattern(command.reference, command.pattern);
  const subscriptions = new Set(await mail.subscriptions());
  const told = new Set<string>();
  for (const subscription of subscriptions) {
    const names = pattern.includes("%") ? [...ancestorsOf(subscription), subscription] : [subscription];
    for (const name of names) {
      if (told.has(name) || !matchesPattern(pattern, name)) continue;
      told.add(name);
      const attributes = subscriptions.has(name) ? "" : "\\Noselect";
      yield `* LSUB (${attributes}) "/" ${formatMailboxName(name, hasUtf8Names(enabled))}\r\n`;
    }
  }
  return { status: "OK", text: "Listed" };
}
