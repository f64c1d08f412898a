/** What the server says to one command: RFC 5321 §4.2, enhanced status codes by RFC 2034 and RFC 3463. */
export type Reply = {
  readonly code: number;
  /** "5.7.1"; `null` where RFC 2034 §3 wants none: greeting, EHLO, 3xx. */
  readonly status: string | null;
  /** At least one; printable text without line ends. */
  readonly lines: readonly string[];
};

/** An enhanced status as a type: a refusal of class 4 or 5 cannot be written without one. */
export type Status = `${2 | 4 | 5}.${number}.${number}`;

/** Octets of replies that are said again and again, written once. Weak, so that replies built per session go with it. */
const written = new WeakMap<Reply, string>();

/** A reply that is kept (a constant, an EHLO reply): its octets are written now and never again. */
export function constantReply(code: number, status: Status | null, ...lines: readonly string[]): Reply {
  const reply: Reply = { code, status, lines };
  written.set(reply, writeReply(reply));
  return reply;
}

/** The octets of a reply, "250-…\r\n250 …\r\n": RFC 5321 §4.2.1. The status stands on each line (RFC 2034 §4). */
export function formatReply(reply: Reply): string {
  return written.get(reply) ?? writeReply(reply);
}

function writeReply({ code, status, lines }: Reply): string {
  const word = status === null ? "" : `${status} `;
  const last = lines.length - 1;
  let text = "";
  for (let at = 0; at < last; at++) text += `${code}-${word}${printable(lines[at] ?? "")}\r\n`;
  return `${text}${code} ${word}${printable(lines[last] ?? "")}\r\n`;
}

// A reply's text may come from elsewhere (an administrator, another host): whatever it holds, it stays within its line,
// and in ASCII, which every client reads (RFC 6531 §3.7.4.1 allows more only where SMTPUTF8 was asked for).
const unprintable = /[^\x20-\x7e]/gu;

function printable(line: string): string {
  return line.replace(unprintable, "?");
}
