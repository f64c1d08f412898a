import type { Contents } from "../store/content.ts";
import type { Store } from "../store/store.ts";
import type { MailNews } from "./news.ts";
import type { SearchIndex } from "./search-index.ts";
import type { RecentClaims } from "./recent-claims.ts";

/** What all mailboxes share. */
export type MailboxContext = {
  readonly store: Store;
  readonly contents: Pick<Contents, "create" | "open" | "remove">;
  readonly news: MailNews;
  readonly recents: RecentClaims;
  readonly now: () => number;
  /** Without one searches read all messages. */
  readonly search?: Pick<SearchIndex, "candidates">;
  /** Octets of the largest message that is taken. */
  readonly appendLimit: number;
};

/** Whose mail it is, and how much it may be: read anew at each use, since an administrator changes it. */
export type Owner = {
  readonly accountId: number;
  /** Octets; null: no limit is set. */
  readonly quota: () => number | null;
};
