import type { MailRefusal } from "../imap/mail.ts";
import { readUsage } from "../store/mailboxes.ts";
import type { Store } from "../store/store.ts";
import type { Owner } from "./surroundings.ts";

export type Usage = { readonly octets: number; readonly messages: number };

export async function usageOf(store: Pick<Store, "read">, accountId: number): Promise<Usage> {
  const [row] = await store.read(readUsage(accountId));
  return { octets: Number(row?.["octets"] ?? 0), messages: Number(row?.["messages"] ?? 0) };
}

/** Octets that the account may hold before so many more are put in, for the condition of a unit. */
export function roomFor(octets: number, owner: Owner): number {
  return (owner.quota() ?? Number.MAX_SAFE_INTEGER) - octets;
}

export async function overQuota(store: Pick<Store, "read">, octets: number, owner: Owner): Promise<MailRefusal | null> {
  if (owner.quota() === null) return null;
  const used = (await usageOf(store, owner.accountId)).octets;
  return used > roomFor(octets, owner) ? { refused: "over-quota", text: "there is no room left for it" } : null;
}
