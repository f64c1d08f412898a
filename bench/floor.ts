import { fdatasync, openSync, write } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import { answerMeter } from "./meter.ts";

/**
 * The floor: the least that a durable SMTP server on Node can do. A journal to which all messages that wait are appended with one
 * write and one sync, then their 250; with MODE=relay each is sent on afterwards, with MODE=policy every recipient is refused. It
 * has no limits, policy, log, queue or transparency, and is no mail server: its rates are a ceiling for one.
 */
const { PORT = "2525", SINK = "2500", SPOOL = ".", MODE = "queue", TLS_KEY = "", TLS_CERTIFICATE = "" } = process.env;
type Message = { readonly octets: readonly Buffer[]; readonly kept: () => void };

const journal = openSync(join(SPOOL, "journal"), "w");
let waiting: Message[] = [];
let isSyncing = false;
const secureContext = TLS_KEY === "" ? undefined : createSecureContext({ key: TLS_KEY, cert: TLS_CERTIFICATE });

function keep(message: Message): void {
  waiting.push(message);
  if (waiting.length === 1 && !isSyncing) setImmediate(sync);
}

function sync(): void {
  const together = waiting;
  waiting = [];
  isSyncing = true;
  write(journal, Buffer.concat(together.flatMap(({ octets }) => octets)), (failed) => {
    if (failed !== null) throw failed;
    fdatasync(journal, (failedToo) => {
      if (failedToo !== null) throw failedToo;
      isSyncing = false;
      for (const { kept } of together) kept();
      if (waiting.length > 0) sync();
    });
  });
}

const onward = { free: [] as ((octets: readonly Buffer[]) => void)[], queue: [] as (readonly Buffer[])[], open: 0 };

function sendOn(octets: readonly Buffer[]): void {
  const free = onward.free.pop();
  if (free !== undefined) return free(octets);
  onward.queue.push(octets);
  if (onward.open >= 20) return;
  onward.open++;
  const socket = connect({ port: Number(SINK), host: "127.0.0.1", noDelay: true });
  let replies = 0;
  let content = octets;
  const next = (it: readonly Buffer[]): void => {
    content = it;
    socket.write("MAIL FROM:<a@floor.test>\r\nRCPT TO:<b@sink.test>\r\nDATA\r\n");
  };
  const idle = (): void => {
    const it = onward.queue.shift();
    if (it === undefined) onward.free.push(next);
    else next(it);
  };
  socket.on("data", (chunk) => {
    for (const _ of chunk.toString("latin1").matchAll(/^\d{3} /gm)) {
      // The greeting and the answer to HELO, then four a message: to MAIL, RCPT, DATA and the dot.
      if (++replies === 1) socket.write("HELO floor.test\r\n");
      else if (replies === 2 || replies % 4 === 2) idle();
      else if (replies % 4 === 1) socket.write(Buffer.concat(content));
    }
  });
}

const dot = Buffer.from("\r\n.\r\n");

function serve(socket: Socket): void {
  let line = "";
  let content: Buffer[] | null = null;
  let tail = Buffer.alloc(0);

  /** Returns what follows the final dot, or `null` when it has not come. */
  function takeContent(octets: Buffer[], chunk: Buffer): Buffer | null {
    const seam = Buffer.concat([tail, chunk.subarray(0, 4)]).indexOf(dot);
    const found = seam >= 0 ? seam - tail.length : chunk.indexOf(dot);
    if (seam < 0 && found < 0) {
      octets.push(chunk);
      tail = Buffer.concat([tail, chunk.subarray(-4)]).subarray(-4);
      return null;
    }
    octets.push(chunk.subarray(0, found + dot.length));
    tail = Buffer.alloc(0);
    content = null;
    keep({
      octets,
      kept() {
        socket.write("250 kept\r\n");
        if (MODE === "relay") sendOn(octets);
      },
    });
    return chunk.subarray(found + dot.length);
  }

  function takeLine(verb: string): void {
    if (verb === "QUIT") socket.end("221 bye\r\n");
    else if (verb === "EHLO") socket.write("250-floor.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n");
    else if (verb === "RCPT" && MODE === "policy") socket.write("550 5.7.1 no\r\n");
    else if (verb === "DATA") {
      content = [];
      socket.write("354 go\r\n");
    } else if (verb === "STAR" && secureContext !== undefined) {
      socket.removeAllListeners("data");
      socket.write("220 go\r\n");
      serveOver(new TLSSocket(socket, { isServer: true, secureContext }));
    } else socket.write("250 ok\r\n");
  }

  socket.on("data", (chunk: Buffer) => {
    let rest: Buffer | null = chunk;
    while (rest !== null && rest.length > 0) {
      if (content !== null) {
        rest = takeContent(content, rest);
        continue;
      }
      const end: number = rest.indexOf(10);
      line += rest.toString("latin1", 0, end < 0 ? rest.length : end);
      if (end < 0) return;
      rest = rest.subarray(end + 1);
      takeLine(line.slice(0, 4).toUpperCase());
      line = "";
    }
  });
}

function serveOver(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  serve(socket);
}

const server = createServer((socket) => {
  serveOver(socket);
  socket.write("220 floor.test\r\n");
});
server.listen({ port: Number(PORT), host: "127.0.0.1", backlog: 4096 });
answerMeter();
process.once("SIGTERM", () => process.exit(0));
