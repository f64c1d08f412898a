import { z } from "zod";
import {
  attemptsOf,
  deleteEntry,
  listQueue,
  pastAttempt,
  queuedForPeople,
  retryEntry,
  showEntry,
  type QueuedForPeople,
} from "../../store/queue-desk.ts";
import { neverDue } from "../../store/queue.ts";
import { idOfRef, refOf } from "../../store/ref.ts";
import { StoreUnavailable } from "../../store/store.ts";
import { operation } from "../operation.ts";

const recipient = z.object({
  message: z.string(),
  from: z.string(),
  to: z.string(),
  size: z.number(),
  since: z.string(),
  attempts: z.number(),
  /** In words: for what, and until when. */
  waits: z.string(),
});

function show(queued: QueuedForPeople, now: number): z.output<typeof recipient> {
  const { recipient: one, reversePath, contentId, size, bornAt } = queued;
  return {
    message: refOf(one.entryId),
    // Only where the entry is there is "" the null reverse-path.
    from: contentId === 0 ? "?" : reversePath === "" ? "<>" : reversePath,
    to: one.forwardPath,
    size,
    since: timeOf(bornAt),
    attempts: one.attempts,
    waits: waitsOf(queued, now),
  };
}

function waitsOf({ leaseUntil, waitsFor, recipient: { dueAt, attempts } }: QueuedForPeople, now: number): string {
  if (dueAt >= neverDue) return `set aside, because it is damaged: ${waitsFor ?? ""}`;
  if (leaseUntil > now) return `attempt ${attempts} is under way`;
  const until = dueAt <= now ? "is due now" : `until ${timeOf(dueAt)}`;
  return waitsFor === null ? until : `${until}: ${waitsFor}`;
}

const timeOf = (at: number) => new Date(at).toISOString();
const named = z.strictObject({ message: z.string().min(1) });
const unknown = (message: string) => ({
  failed: "not-found" as const,
  message: `nothing in the queue is called ${JSON.stringify(message)}`,
});

export const queueList = operation({
  name: "queue list",
  help: "what waits, for what and until when",
  input: z.strictObject({ limit: z.coerce.number().int().positive().max(10_000).optional() }),
  output: z.array(recipient),
  worksAtRest: true,
  async run({ store, clock }, { limit }) {
    const rows = await store.read(listQueue({ after: null, limit: limit ?? 1_000 }));
    return rows.map((row) => show(queuedForPeople(row), clock.now()));
  },
});

export const queueShow = operation({
  name: "queue show",
  help: "one message with every attempt and the peers' words",
  input: named,
  output: z.object({
    recipients: z.array(recipient),
    attempts: z.array(
      z.object({ to: z.string(), began: z.string(), ended: z.string(), host: z.string().nullable(), said: z.string() }),
    ),
  }),
  worksAtRest: true,
  async run({ store, clock }, { message }) {
    const id = idOfRef(message);
    const queued = id === null ? [] : (await store.read(showEntry(id))).map(queuedForPeople);
    if (id === null || queued.length === 0) return unknown(message);
    const names = new Map(queued.map(({ recipient: one }) => [one.id, one.forwardPath]));
    const attempts = (await store.read(attemptsOf(id))).map(pastAttempt);
    return {
      recipients: queued.map((one) => show(one, clock.now())),
      attempts: attempts.map(({ recipientId, beganAt, endedAt, host, said }) => ({
        to: names.get(recipientId) ?? "",
        began: timeOf(beganAt),
        ended: timeOf(endedAt),
        host,
        said,
      })),
    };
  },
});

export const queueRetry = operation({
  name: "queue retry",
  help: "try now: one message, or all of them",
  input: z.strictObject({ message: z.string().min(1).optional() }),
  output: z.object({ recipients: z.number() }),
  worksAtRest: true,
  async run({ store, clock, wakeQueue }, { message }) {
    const id = message === undefined ? null : idOfRef(message);
    if (message !== undefined && id === null) return unknown(message);
    const [rows = []] = await store.commit([retryEntry(id, clock.now())]);
    wakeQueue();
    return { recipients: rows.length };
  },
});

export const queueDelete = operation({
  name: "queue delete",
  help: "take a message out of the queue for good, without a report",
  input: named,
  output: z.object({ recipients: z.array(z.string()) }),
  worksAtRest: true,
  async run({ store, emit }, { message }) {
    const id = idOfRef(message);
    const queued = id === null ? [] : (await store.read(showEntry(id))).map(queuedForPeople);
    const [first] = queued;
    if (id === null || first === undefined) return unknown(message);
    const [rows = []] = await store.commit(deleteEntry(id, first.contentId)).catch((error: unknown) => {
      // Octets on a damaged page cannot be given back: they stay, and nobody names them.
      if (error instanceof StoreUnavailable && error.isDamage) return store.commit(deleteEntry(id, null));
      throw error;
    });
    const recipients = rows.map((row) => String(row["forward_path"]));
    for (const forwardPath of recipients) {
      emit({
        name: "recipient-finished",
        message: refOf(id),
        forwardPath,
        outcome: "deleted",
        host: null,
        said: "by an administrator",
      });
    }
    return { recipients };
  },
});
