import type { Account } from "../accounts/account.ts";
import type { Directory } from "../accounts/directory.ts";
import type { Mail } from "../imap/mail.ts";
import { AccountMail } from "./account-mail.ts";
import { RecentClaims } from "./recent-claims.ts";
import type { MailboxContext } from "./surroundings.ts";

export type MailOfContext = Omit<MailboxContext, "recents"> & {
  readonly directory: Pick<Directory, "account">;
  /** Octets, for accounts that have no quota of their own; 0: no limit. */
  readonly usualQuota: number;
};

/** Opens the mail of accounts. Quotas are those of the moment: an administrator changes them while sessions go on. */
export function mailsOf(surroundings: MailOfContext): (account: Pick<Account, "id">) => Mail {
  const context = { ...surroundings, recents: new RecentClaims(surroundings.store) };
  return ({ id }) =>
    new AccountMail(context, {
      accountId: id,
      quota: () => quotaOf(context.directory.account(id), context.usualQuota),
    });
}

/** Octets that an account may hold; null: as many as there is room for. */
export function quotaOf(account: Pick<Account, "quota"> | null, usual: number): number | null {
  const quota = account?.quota ?? usual;
  return quota === 0 ? null : quota;
}
