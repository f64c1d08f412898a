import type { Command } from "../command.ts";
import type { Answer, Context } from "../context.ts";
import { hasUtf8Names } from "../enabled.ts";
import { formatMailboxName } from "../format.ts";
import type { Completion } from "../response.ts";
import { refusalOf } from "./refusals.ts";

// RFC 9208. All mailboxes of an account count together: one root, named "".

const root = "";
/** STORAGE is counted in units of 1,024 octets (§5.1). */
const unit = 1_024;

export async function* getQuota(command: Extract<Command, { name: "GETQUOTA" }>, { mail }: Context): Answer {
  if (command.root !== root) return { status: "NO", code: "NONEXISTENT", text: "There is no such quota root" };
  yield await formatQuota(mail);
  return { status: "OK", text: "Told" };
}

export async function* getQuotaRoot(
  { mailbox }: Extract<Command, { name: "GETQUOTAROOT" }>,
  { mail, enabled }: Context,
): Answer {
  const status = await mail.status(mailbox);
  if ("refused" in status && status.refused !== "not-selectable") return refusalOf(status);
  yield `* QUOTAROOT ${formatMailboxName(mailbox, hasUtf8Names(enabled))} ""\r\n${await formatQuota(mail)}`;
  return { status: "OK", text: "Told" };
}

/** Limits are the administrator's (QUOTASET is not offered). */
export function setQuota(): Completion {
  return { status: "NO", code: "NOPERM", text: "Limits are set by the administrator" };
}

async function formatQuota(mail: Context["mail"]): Promise<string> {
  const { octets, limit } = await mail.quota();
  const resources = limit === null ? "" : `STORAGE ${Math.ceil(octets / unit)} ${Math.floor(limit / unit)}`;
  return `* QUOTA "" (${resources})\r\n`;
}
