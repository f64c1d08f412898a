import { connect, type Socket } from "node:net";
import { onLines } from "./lines.ts";
import { localDomain, type NumberedMessage, sender } from "./numbered-message.ts";

/** A message whose 250 after the dot, or OK to APPEND, was read. */
export type Acknowledged = {
  readonly number: number;
  /** Those whose RCPT was answered 250; whoever appended it. */
  readonly recipients: readonly string[];
  readonly reply: string;
};

export type Load = {
  readonly port: number;
  readonly sessions: number;
  /** `null`: no more. */
  readonly take: () => NumberedMessage | null;
  readonly acknowledged: (message: Acknowledged) => void;
};

/** Sends messages over connections that are kept. Resolves when all were sent or the server is gone. */
export async function load({ sessions, ...each }: Load): Promise<void> {
  await Promise.all(Array.from({ length: sessions }, () => session(each)));
}

async function session({ port, take, acknowledged }: Omit<Load, "sessions">): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  // A server that was killed resets its connections.
  socket.on("error", () => socket.destroy());
  const read = repliesOf(socket);
  try {
    if (!(await read()).startsWith("220")) return;
    socket.write("EHLO client.test\r\n");
    if (!(await read()).startsWith("250")) return;
    for (let message = take(); message !== null; message = take()) {
      const recipients = await offer(socket, { message, read });
      if (recipients === null) return;
      socket.write(stuffed(message.bytes));
      const reply = await read();
      if (!reply.startsWith("250")) return;
      acknowledged({ number: message.number, recipients, reply });
    }
    socket.write("QUIT\r\n");
    await read();
  } finally {
    socket.destroy();
  }
}

/** MAIL, RCPTs and DATA in one write; returns who was taken, `null` when the content is not wanted. */
async function offer(
  socket: Socket,
  { message, read }: { readonly message: NumberedMessage; readonly read: () => Promise<string> },
): Promise<string[] | null> {
  const rcpts = message.recipients.map((recipient) => `RCPT TO:<${recipient}>\r\n`).join("");
  socket.write(`MAIL FROM:<${sender}@${localDomain}>\r\n${rcpts}DATA\r\n`);
  await read();
  const taken: string[] = [];
  for (const recipient of message.recipients) if ((await read()).startsWith("250")) taken.push(recipient);
  return (await read()).startsWith("354") ? taken : null;
}

/** Gives the last line of each reply; "" once the connection has ended. */
function repliesOf(socket: Socket): () => Promise<string> {
  const replies: string[] = [];
  let isOver = false;
  let wake = (): void => {};
  onLines(socket, (line) => {
    if (!/^\d{3} /.test(line)) return;
    replies.push(line);
    wake();
  });
  socket.once("close", () => {
    isOver = true;
    wake();
  });
  return async () => {
    while (replies.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
    return replies.shift() ?? "";
  };
}

/** RFC 5321 §4.5.2, with the final dot. */
function stuffed(bytes: Buffer): Buffer {
  return Buffer.from(`${bytes.toString("latin1").replace(/^\./gm, "..")}.\r\n`, "latin1");
}
