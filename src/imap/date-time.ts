const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * `date-time` of RFC 9051 §9 without its quotes: milliseconds since 1970; null: it is none. One digit for the day without a blank
 * before it is forgiven: telephones write it (field case O-41).
 */
export function parseDateTime(text: string): number | null {
  const found =
    /^(?: ?([0-9])|([0-9]{2}))-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})$/.exec(
      text,
    );
  if (found === null) return null;
  const [, one, two, monthName = "", year, hour, minute, second, sign, zoneHours, zoneMinutes] = found;
  const day = dayOf(Number(year), monthName, Number(one ?? two));
  // A leap second is the last of its minute.
  if (day === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return null;
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -1 : 1);
  return day + ((Number(hour) * 60 + Number(minute) - offset) * 60 + Math.min(Number(second), 59)) * 1_000;
}

/** With two columns for the day, and quotes: " 7-Apr-2026 09:05:01 +0000". We keep no time zones. */
export function formatDateTime(at: number): string {
  const date = new Date(at);
  const day = `${date.getUTCDate()}`.padStart(2);
  const clock = date.toISOString().slice(11, 19);
  return `"${day}-${months[date.getUTCMonth()]}-${`${date.getUTCFullYear()}`.padStart(4, "0")} ${clock} +0000"`;
}

/** `date-text` of a search: "1-Feb-2026" → "2026-02-01"; null: it is none. */
export function parseDay(text: string): string | null {
  const found = /^([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})$/.exec(text);
  if (found === null) return null;
  const day = dayOf(Number(found[3]), found[2] ?? "", Number(found[1]));
  return day === null ? null : new Date(day).toISOString().slice(0, 10);
}

/** Midnight of a day in UTC; null: there is no such day. */
function dayOf(year: number, monthName: string, day: number): number | null {
  const month = months.findIndex((name) => name.toLowerCase() === monthName.toLowerCase());
  const date = new Date(0);
  // Not Date.UTC: it takes years below 100 for those of the last century.
  date.setUTCFullYear(year, month, day);
  return month >= 0 && date.getUTCMonth() === month && date.getUTCDate() === day ? date.getTime() : null;
}
