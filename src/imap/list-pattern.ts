/**
 * Whether a mailbox name matches a pattern of LIST (RFC 9051 §6.3.9): "*" is anything, "%" anything within a level. At most the
 * product of the two lengths is looked at: behind a later wildcard an earlier one need not be tried again, because what
 * the later can reach holds all that it could reach from further on – a "%" within its level, a "*" to the end.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let starAt = 0;
  let percent = -1;
  let percentAt = 0;
  for (;;) {
    const want = pattern[p];
    if (want === "*") {
      star = p++;
      starAt = n;
      percent = -1;
    } else if (want === "%") {
      percent = p++;
      percentAt = n;
    } else if (n < name.length ? want === name[n] : want === undefined) {
      if (n === name.length) return true;
      p++;
      n++;
    } else if (percent >= 0 && percentAt < name.length && name[percentAt] !== "/") {
      p = percent + 1;
      n = ++percentAt;
    } else if (star >= 0 && starAt < name.length) {
      p = star + 1;
      n = ++starAt;
      percent = -1;
    } else return false;
  }
}

/**
 * The pattern that reference and pattern make together (RFC 9051 §6.3.9): one after the other. INBOX is found in any case when
 * nothing but its name is asked for (field case O-45).
 */
export function joinPattern(reference: string, pattern: string): string {
  const joined = reference + pattern;
  return /^inbox(?=\/|$)/i.test(joined) ? `INBOX${joined.slice(5)}` : joined;
}
