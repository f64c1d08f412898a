import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** What was said and sent; `isAnswered` is false where the connection was cut instead of 250. */
export type Taken = {
  readonly mail: string;
  readonly rcpts: readonly string[];
  readonly content: string;
  readonly isAnswered: boolean;
};

export type Moment = "greeting" | "EHLO" | "MAIL" | "RCPT" | "DATA" | "end";
/** `lose`: takes the message and cuts before it says so; elsewhere the same as `drop`. */
export type Mood = "good" | "defer" | "fail" | "drop" | "lose";
/** `line`: the command that was given; "" where there is none. */
export type MoodAt = (moment: Moment, line: string) => Mood;

/** A next hop that does what it is told at each moment, and keeps what it took. It offers PIPELINING, 8BITMIME, SMTPUTF8 and DSN. */
export async function startMoodyHop(t: TestContext, moodAt: MoodAt = () => "good") {
  const taken: Taken[] = [];
  const watchers = new Set<() => void>();
  const sockets = new Set<Socket>();
  const take = (one: Taken) => {
    taken.push(one);
    for (const look of watchers) look();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, { moodAt, take });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, "close");
  });
  return {
    host: "127.0.0.1",
    port: (server.address() as AddressInfo).port,
    taken,
    /** Resolves with a message like this, when it has come or comes. */
    async took(wanted: (one: Taken) => boolean): Promise<Taken> {
      for (;;) {
        const one = taken.find(wanted);
        if (one !== undefined) return one;
        const { promise, resolve } = Promise.withResolvers<void>();
        watchers.add(resolve);
        await promise;
        watchers.delete(resolve);
      }
    },
  };
}

type Dealing = { readonly moodAt: MoodAt; readonly take: (one: Taken) => void };

const replies = { defer: "450 4.2.0 Come back later\r\n", fail: "550 5.1.0 Not for me\r\n" };
const greeted =
  "250-hop.r.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 DSN\r\n";

function serve(socket: Socket, { moodAt, take }: Dealing): void {
  let text = "";
  let mail = "";
  let rcpts: string[] = [];
  let isContent = false;
  let said = "";
  /** Replies in its mood; whether the command counts. */
  const answer = (moment: Moment, good: string): boolean => {
    const mood = moodAt(moment, said);
    if (mood === "drop" || mood === "lose") socket.destroy();
    else socket.write(mood === "good" ? good : replies[mood]);
    return mood === "good" || (mood === "lose" && moment === "end");
  };
  const hear = (line: string) => {
    said = line;
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO") answer("EHLO", greeted);
    else if (verb === "MAIL") {
      [mail, rcpts] = [answer("MAIL", "250 2.1.0 Ok\r\n") ? line : "", []];
    } else if (verb === "RCPT") {
      if (mail === "") socket.write("503 5.5.1 MAIL first\r\n");
      else if (answer("RCPT", "250 2.1.5 Ok\r\n")) rcpts.push(line);
    } else if (verb === "DATA") {
      if (rcpts.length === 0) socket.write("503 5.5.1 RCPT first\r\n");
      else isContent = answer("DATA", "354 Go on\r\n");
    } else if (verb === "QUIT") socket.end("221 2.0.0 Bye\r\n");
    else socket.write("250 2.0.0 Ok\r\n");
  };
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    while (!socket.destroyed) {
      const mark = isContent ? "\r\n.\r\n" : "\r\n";
      const end = text.indexOf(mark);
      if (end === -1) return;
      const part = text.slice(0, end);
      text = text.slice(end + mark.length);
      if (!isContent) {
        hear(part);
        continue;
      }
      isContent = false;
      said = "";
      const content = `${part}\r\n`.replaceAll(/^\.\./gm, ".");
      if (answer("end", "250 2.0.0 Taken\r\n")) take({ mail, rcpts, content, isAnswered: !socket.destroyed });
      mail = "";
    }
  });
  answer("greeting", "220 hop.r.test ESMTP\r\n");
}
