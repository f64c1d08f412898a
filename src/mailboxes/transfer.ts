import type { Copied, MailRefusal } from "../imap/mail.ts";
import type { Numbers } from "../imap/number-set.ts";
import { charge, readContents, transferMessages } from "../store/messages.ts";
import { type Returned, type Row, UnitFailed } from "../store/store.ts";
import { overQuota, roomFor } from "./quota.ts";
import type { MailboxContext, Owner } from "./surroundings.ts";
import { spansOf } from "./uid-list.ts";

export type Transferred = Copied & {
  /** Of a move: the modification sequence at which they went, and what went. */
  readonly modseq: number | null;
};

type Asked = {
  readonly owner: Owner;
  readonly from: number;
  readonly to: number;
  readonly uids: Numbers;
  readonly isMove: boolean;
};

/** Copies or moves messages in one unit: all that are there, or none. */
export async function transfer(
  { store, now }: Pick<MailboxContext, "store" | "now">,
  { owner, from, to, uids, isMove }: Asked,
): Promise<Transferred | MailRefusal> {
  const { accountId } = owner;
  // What is there now: the unit's parts are made of it, and its octets are what the quota has to suffice for.
  const found: Row[] = [];
  for (const query of readContents(from, uids, "all")) found.push(...(await store.read(query)));
  const there = spansOf(found.map((row) => Number(row["uid"])));
  const octets = isMove ? 0 : found.reduce((sum, row) => sum + Number(row["size"]), 0);
  const unit = transferMessages({ accountId, from, to, uids: there, savedAt: now(), isMove });
  try {
    const quota = isMove ? [] : [charge(accountId, 0, roomFor(octets, owner))];
    return transferredOf(await store.commit([...quota, ...unit]), isMove);
  } catch (error) {
    if (!(error instanceof UnitFailed)) throw error;
    const full = isMove ? null : await overQuota(store, octets, owner);
    return full ?? { refused: "no-such-mailbox", text: "the mailbox is gone" };
  }
}

function transferredOf(returned: Returned, isMove: boolean): Transferred {
  const results = [...returned];
  const modseq = isMove ? Number(results.shift()?.[0]?.["modseq"]) : null;
  const uidValidity = Number(results.shift()?.[0]?.["uid_validity"]);
  const from: number[] = [];
  const to: number[] = [];
  const width = isMove ? 3 : 2;
  for (let at = 0; at < results.length; at += width) {
    const copied = results[at] ?? [];
    const uidNext = Number(results[at + 1]?.[0]?.["uid_next"]);
    copied.forEach((row, index) => {
      from.push(Number(row["uid"]));
      to.push(uidNext - copied.length + index);
    });
  }
  return { uidValidity, from: spansOf(from), to: spansOf(to), modseq };
}
