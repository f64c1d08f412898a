import type { Refusal } from "../address/address.ts";

/** Until when a grant holds. */
export type Expiry = {
  /** The first millisecond since 1970 at which it holds no more. */
  readonly at: number;
  /** As it stands in the document. */
  readonly text: string;
};

const dateForm = /^(\d{4})-(\d{2})-(\d{2})$/;
const momentForm = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;

/** `2027-06-30` ends with that day in UTC; a date-time (RFC 3339 §5.6, seconds may be left out) ends at that moment. */
export function parseExpiry(text: string): Expiry | Refusal {
  const date = dateForm.exec(text);
  if (date !== null) {
    const midnight = midnightOf(date);
    return midnight === null ? noSuchDay : { at: midnight + 86_400_000, text };
  }
  const moment = momentForm.exec(text);
  if (moment !== null) {
    const midnight = midnightOf(moment);
    if (midnight === null) return noSuchDay;
    const offset = offsetOf(moment[7] ?? "");
    const [hour, minute, second] = [Number(moment[4]), Number(moment[5]), Number(moment[6] ?? 0)];
    if (hour > 23 || minute > 59 || second > 59 || offset === null)
      return { refused: "that time of day does not exist" };
    return { at: midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000, text };
  }
  if (/^\d{4}-\d{2}-\d{2}[T ]/i.test(text)) {
    return { refused: "a date-time needs the form 2027-06-30T18:00:00+02:00, with its offset or Z" };
  }
  return { refused: "a date as 2027-06-30 or a date-time as 2027-06-30T18:00:00Z is wanted" };
}

const noSuchDay: Refusal = { refused: "that day does not exist" };

/** Milliseconds of a day's beginning in UTC; null for a day that no calendar has. */
function midnightOf([, year, month, day]: readonly (string | undefined)[]): number | null {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isSame = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isSame ? date.getTime() : null;
}

/** Minutes east of UTC. */
function offsetOf(text: string): number | null {
  if (text === "Z" || text === "z") return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(4, 6))];
  if (hours > 23 || minutes > 59) return null;
  return (text[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}
