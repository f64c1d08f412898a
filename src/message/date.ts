const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

let lastSecond = -1;
let lastText = "";

/** RFC 5322 §3.3 date-time in UTC; `at` in milliseconds since 1970. Called for every message, so the last second is remembered. */
export function formatDate(at: number): string {
  const second = Math.floor(at / 1000);
  if (second === lastSecond) return lastText;
  const date = new Date(second * 1000);
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  lastSecond = second;
  lastText = `${days[date.getUTCDay()]}, ${two(date.getUTCDate())} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ${clock} +0000`;
  return lastText;
}

const two = (value: number) => (value < 10 ? `0${value}` : `${value}`);

/**
 * RFC 5322 §3.3 and the obsolete zones of §4.3: milliseconds since 1970, or null. Comments are not read; what follows the
 * zone is ignored.
 */
export function parseDate(text: string): number | null {
  const match =
    /^\s{0,99}(?:[A-Za-z]{3}\s{0,9},)?\s{0,99}(\d{1,2})\s{1,99}([A-Za-z]{3})\s{1,99}(\d{2,4})\s{1,99}(\d{2}):(\d{2})(?::(\d{2}))?\s{1,99}([+-]\d{4}|[A-Za-z]{1,5})/.exec(
      text,
    );
  if (match === null) return null;
  const [, day = "", monthName = "", yearText = "", hour = "", minute = "", second = "0", zone = ""] = match;
  const month = months.findIndex((name) => name.toLowerCase() === monthName.toLowerCase());
  if (month < 0) return null;
  const year = fullYear(yearText);
  const at = Date.UTC(year, month, Number(day), Number(hour), Number(minute), Number(second));
  const back = new Date(at);
  // Date.UTC takes 31 February and 25 o'clock; the mail does not.
  if (back.getUTCDate() !== Number(day) || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  return at - zoneMinutes(zone) * 60_000;
}

/** RFC 5322 §4.3: two digits below 50 are this century, three digits count from 1900. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return text.length === 3 ? 1900 + year : year;
}

const namedZones: Readonly<Record<string, number>> = {
  EDT: -240,
  EST: -300,
  CDT: -300,
  CST: -360,
  MDT: -360,
  MST: -420,
  PDT: -420,
  PST: -480,
};

/** Minutes east of UTC; a zone that nobody knows is "-0000" (RFC 5322 §4.3). */
function zoneMinutes(zone: string): number {
  const sign = zone[0] === "-" ? -1 : 1;
  if (zone[0] === "+" || zone[0] === "-") return sign * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3, 5)));
  return namedZones[zone.toUpperCase()] ?? 0;
}
