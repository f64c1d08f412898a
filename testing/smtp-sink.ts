import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export type Arrived = {
  /** Without brackets and parameters, as it stood in the command. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** As sent, transparency dots included. */
  readonly content: string;
};

export type Sink = {
  readonly port: number;
  readonly arrived: readonly Arrived[];
  /** How often it was dialled. */
  readonly dialled: number;
};

export type SinkPlace = {
  /** Any of 127.0.0.0/8. */
  readonly address?: string;
  /** Absent: any that is free. */
  readonly port?: number;
  /** Other than 220: nothing is taken. */
  readonly greeting?: string;
};

/** The rest of the world: a next hop that takes everything, whoever it is for, and writes it down. */
export async function openSink(
  t: TestContext,
  { address = "127.0.0.1", port = 0, greeting = "220 sink.test ESMTP" }: SinkPlace = {},
): Promise<Sink> {
  const arrived: Arrived[] = [];
  const open = new Set<Socket>();
  let dialled = 0;
  const server = createServer((socket) => {
    dialled++;
    if (!greeting.startsWith("220")) return void socket.on("error", () => {}).end(`${greeting}\r\n`);
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.write(`${greeting}\r\n`);
    receive(socket, arrived);
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, address, resolve));
  t.after(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of open) socket.destroy();
    await closed;
  });
  return {
    port: (server.address() as AddressInfo).port,
    arrived,
    get dialled() {
      return dialled;
    },
  };
}

const endOfContent = "\r\n.\r\n";

function receive(socket: Socket, arrived: Arrived[]): void {
  let [waiting, reversePath]: [string, string] = ["", ""];
  let recipients: string[] = [];
  let isContent = false;
  socket.on("data", (chunk) => {
    waiting += chunk.toString("latin1");
    for (;;) {
      const end = waiting.indexOf(isContent ? endOfContent : "\r\n");
      if (end < 0) return;
      const line = waiting.slice(0, end);
      waiting = waiting.slice(end + (isContent ? endOfContent.length : 2));
      if (isContent) {
        arrived.push({ reversePath, recipients, content: line });
        isContent = false;
        socket.write("250 2.0.0 Taken\r\n");
      } else take(line);
    }
  });

  function take(line: string): void {
    const [, path = ""] = /^(?:MAIL FROM|RCPT TO):<(.*)>(?: [^>]*)?$/i.exec(line) ?? [];
    switch (line.slice(0, 4).toUpperCase()) {
      case "EHLO":
        socket.write("250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n");
        return;
      case "MAIL":
        [reversePath, recipients] = [path, []];
        break;
      case "RCPT":
        recipients.push(path);
        break;
      case "DATA":
        isContent = true;
        socket.write("354 Go on\r\n");
        return;
      case "QUIT":
        socket.end("221 2.0.0 Bye\r\n");
        return;
    }
    socket.write("250 2.0.0 Ok\r\n");
  }
}
