/** What the server says to one command: RFC 1939 §3, response codes by RFC 2449 §8. */
export type Reply = {
  readonly isOk: boolean;
  /** "IN-USE"; null: none. */
  readonly code: string | null;
  /** Printable text without line ends. */
  readonly text: string;
};

/** Its octets: at most 512 of them (RFC 2449 §4), so what is quoted must be short. */
export function formatReply({ isOk, code, text }: Reply): string {
  const words = [isOk ? "+OK" : "-ERR", ...(code === null ? [] : [`[${code}]`]), ...(text === "" ? [] : [text])];
  return `${words.join(" ")}\r\n`;
}
