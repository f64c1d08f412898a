import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Flags } from "../src/imap/flags.ts";
import type { AppendedMessage, Mail, MailRefusal } from "../src/imap/mail.ts";
import { AccountMail } from "../src/mailboxes/account-mail.ts";
import { NewsDesk } from "../src/mailboxes/news.ts";
import { SearchIndex } from "../src/mailboxes/search-index.ts";
import { RecentClaims } from "../src/mailboxes/recent-claims.ts";
import { insertAccount } from "../src/store/accounts.ts";
import { openContents } from "../src/store/content.ts";
import type { Store } from "../src/store/store.ts";

/** An account's mail over a store, for tests of what reads and changes it. */
export async function openMailScene(
  store: Store,
  options: { readonly inlineLimit?: number; readonly quota?: number; readonly name?: string } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "mailboxes-"));
  const now = () => 1_790_000_000_000;
  const { quota = null, inlineLimit } = options;
  const contents = openContents({ folder, store, ...(inlineLimit === undefined ? {} : { inlineLimit }) });
  const news = new NewsDesk();
  const [accountId, mailboxId] = [store.nextId(), store.nextId()];
  const account = {
    id: accountId,
    name: options.name ?? "anna",
    domain: "example.com",
    isEnabled: true,
    mayRelay: true,
    senders: "own",
    maySendAs: [],
    passwordVersion: 1,
    plusAddressing: true,
    plusMailbox: "none",
    quota,
    forwardTo: [],
    keepsForwarded: true,
    mailboxId,
  } as const;
  await store.commit(insertAccount(account, now()));
  const search = new SearchIndex({ store, contents });
  const recents = new RecentClaims(store);
  const context = { store, contents, news, recents, search, now, appendLimit: 1_000_000 };
  const open = () => new AccountMail(context, { accountId, quota: () => quota });
  return {
    store,
    contents,
    news,
    account,
    context,
    mail: open(),
    /** That of another session. */
    open,
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const noFlags: Flags = { system: 0, keywords: [] };

export async function written(mail: Mail, text: string | Buffer, flags: Flags = noFlags): Promise<AppendedMessage> {
  const writer = mail.write();
  writer.write(Buffer.from(text));
  return { flags, internalDate: 1_000, content: await writer.finish() };
}

/** Throws what a refusal says. */
export function granted<T extends object>(answer: T | MailRefusal): T {
  if ("refused" in answer) throw new Error(`${answer.refused}: ${answer.text}`);
  return answer;
}
