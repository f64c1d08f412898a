/** When to try again, when to tell the sender about a delay, and when to give up (RFC 5321 §4.5.4.1). */
export type Schedule = {
  /** Gaps between one try and the next, counted from the birth of the entry; the last one repeats. */
  readonly retryAfterMs: readonly [number, ...number[]];
  /** RFC 5321 asks for four to five days at least. */
  readonly lifetimeMs: number;
  /** A try falls on this age too, so that the report tells the newest; `null`: no delay reports. */
  readonly delayReportAfterMs: number | null;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const defaultSchedule: Schedule = {
  retryAfterMs: [5 * minuteMs, 15 * minuteMs, 30 * minuteMs, hourMs, 4 * hourMs],
  lifetimeMs: 5 * 24 * hourMs,
  delayReportAfterMs: 4 * hourMs,
};

/** Jitter lengthens a gap by a tenth at most, and never by more than this. */
const mostJitterMs = 5 * minuteMs;

export type Age = {
  /** Milliseconds since 1970. */
  readonly bornAt: number;
  readonly now: number;
  readonly schedule: Schedule;
};

/**
 * The time of the next try after one that ended `now`. Tries fall on fixed ages of the entry, so that slow attempts and
 * restarts do not push them along; ages that passed meanwhile are skipped. The last try falls on the end of the lifetime.
 * `jitter` is a number from 0 to 1 that spreads what was born together.
 */
export function nextTry({
  bornAt,
  now,
  schedule,
  jitter,
}: Age & { readonly jitter: number }): { readonly dueAt: number } | "expired" {
  if (isExpired({ bornAt, now, schedule })) return "expired";
  // A clock that was set back must not make old mail wait for its birthday.
  const birth = Math.min(bornAt, now);
  const { at, gapMs } = nextAge(now - birth, schedule);
  const spreadMs = Math.round(jitter * Math.min(gapMs / 10, mostJitterMs));
  const soonest = now + Math.min(schedule.retryAfterMs[0], minuteMs);
  return { dueAt: Math.max(soonest, Math.min(birth + at + spreadMs, birth + schedule.lifetimeMs)) };
}

/** The entry has lived its time: what fails from now on has failed for good. */
export function isExpired({ bornAt, now, schedule }: Age): boolean {
  return now - bornAt >= schedule.lifetimeMs;
}

/** The sender is owed a word about a recipient that still waits. */
export function isDelayed({ bornAt, now, schedule }: Age): boolean {
  return schedule.delayReportAfterMs !== null && now - bornAt >= schedule.delayReportAfterMs;
}

/** The first scheduled age above `ageMs`, and how long the way to it is. */
function nextAge(ageMs: number, { retryAfterMs, delayReportAfterMs }: Schedule): { at: number; gapMs: number } {
  let before = 0;
  let gapMs: number = retryAfterMs[0];
  for (gapMs of retryAfterMs) {
    if (before + gapMs > ageMs) return withDelayReport({ at: before + gapMs, gapMs }, ageMs, delayReportAfterMs);
    before += gapMs;
  }
  const repeats = Math.floor((ageMs - before) / gapMs) + 1;
  return withDelayReport({ at: before + repeats * gapMs, gapMs }, ageMs, delayReportAfterMs);
}

function withDelayReport(
  next: { at: number; gapMs: number },
  ageMs: number,
  delayReportAfterMs: number | null,
): { at: number; gapMs: number } {
  const comesFirst = delayReportAfterMs !== null && delayReportAfterMs > ageMs && delayReportAfterMs < next.at;
  return comesFirst ? { at: delayReportAfterMs, gapMs: delayReportAfterMs - ageMs } : next;
}
