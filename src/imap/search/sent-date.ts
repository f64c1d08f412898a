import { parseDate } from "../../message/date.ts";
import type { OctetText } from "../../message/fields.ts";

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Day, month and year of a Date field; what stands before them is a weekday, what behind them time and zone. */
const date = /^[^0-9]{0,40}([0-9]{1,2})[\s-]{1,9}([A-Za-z]{3})[A-Za-z]{0,9}[\s-]{1,9}([0-9]{2,4})(?![0-9])/;
const time = /^[\s,]{1,9}([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?/;

/** "2026-11-25" as the sender wrote it; null: it says no day. */
export function sentDayOf(value: OctetText | null): string | null {
  const day = dayOf(value);
  return day === null ? null : new Date(day.at).toISOString().slice(0, 10);
}

/** When a message was sent (RFC 5256 §2.2): without a zone it is UTC, without a time midnight; null: it says no day. */
export function sentAtOf(value: OctetText | null): number | null {
  if (value === null) return null;
  const exact = parseDate(value);
  if (exact !== null) return exact;
  const day = dayOf(value);
  if (day === null) return null;
  const [, hour = "0", minute = "0", second = "0"] = time.exec(value.slice(day.end)) ?? [];
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60;
  return isTime ? day.at + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 : day.at;
}

function dayOf(value: OctetText | null): { readonly at: number; readonly end: number } | null {
  const found = date.exec(value ?? "");
  if (found === null) return null;
  const month = months.indexOf((found[2] ?? "").toLowerCase());
  const midnight = new Date(0);
  midnight.setUTCFullYear(fullYear(found[3] ?? ""), month, Number(found[1]));
  const isDay = month >= 0 && midnight.getUTCMonth() === month;
  return isDay ? { at: midnight.getTime(), end: found[0].length } : null;
}

/** RFC 5322 §4.3. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return text.length === 3 ? 1900 + year : year;
}
