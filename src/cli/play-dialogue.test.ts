import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { TLSSocket } from "node:tls";
import { selfSigned } from "../tls/self-signed.ts";
import { readDialogue } from "./dialogue-file.ts";
import { openPeer, playDialogue } from "./play-dialogue.ts";

/** A host on a free port that says what it is told to. */
async function host(t: TestContext, talk: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    talk(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function played(port: number, text: string, patienceMs = 5_000) {
  const shown: string[] = [];
  const peer = await openPeer({ host: "127.0.0.1", port, isTls: false, patienceMs });
  const result = await playDialogue(readDialogue(text), peer, (line) => void shown.push(line));
  peer.end();
  return { result, shown };
}

/** Answers each line by its verb; says goodbye at QUIT. */
function polite(socket: Socket): void {
  socket.write("220 mx.example.test ready\r\n");
  socket.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\r\n")) {
      if (line.startsWith("EHLO")) socket.write("250-mx.example.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n");
      else if (line === "QUIT") socket.end("221 2.0.0 bye\r\n");
      else if (line !== "") socket.write("250 2.0.0 ok\r\n");
    }
  });
}

const good = `# A title.
S: 220 mx.example.test ...
C: EHLO a.test
S: 250-mx.example.test
S: ...
C: NOOP
C: RSET
S: 250 2.0.0 ...
S: 250 2.0.0 ok
C: QUIT
S: 221 2.0.0 ...
---- closed
`;

test("what was said as expected passes, and is shown", async (t) => {
  const { result, shown } = await played(await host(t, polite), good);
  assert.deepEqual(result, { passed: true });
  assert.deepEqual(shown.slice(0, 3), ["S: 220 mx.example.test ready", "C: EHLO a.test", "S: 250-mx.example.test"]);
});

test("the first reply that differs ends it, with its line", async (t) => {
  const { result } = await played(await host(t, polite), good.replace("221 2.0.0", "221 2.1.0"));
  assert.deepEqual(result, {
    passed: false,
    line: 11,
    problem: "expected: 221 2.1.0 ...; heard: 221 2.0.0 bye",
    heard: ["221 2.0.0 bye"],
  });
});

test("a host that closes, or that says nothing, is not waited for without end", async (t) => {
  const closes = await played(await host(t, (socket) => void socket.end()), good);
  assert.match(JSON.stringify(closes.result), /the host closed the connection; expected/);
  const silent = await played(await host(t, () => {}), good, 20);
  assert.match(JSON.stringify(silent.result), /the host says no more; expected/);
  const stays = await played(await host(t, (socket) => void socket.write("220 x\r\n")), "S: 220 x\n---- closed\n", 20);
  assert.match(JSON.stringify(stays.result), /was expected to close/);
});

test("a host that talks without end is cut short", async (t) => {
  const endless = await host(t, (socket) => void socket.write("250-x\r\n".repeat(1_000)));
  const { result } = await played(endless, "S: 250 x\n");
  assert.ok(!result.passed && result.heard.length <= 200);
});

test("what it says cannot move the terminal", async (t) => {
  const hostile = await host(t, (socket) => void socket.write("220 \u001b[2J\u202e\r\n"));
  const { shown } = await played(hostile, "S: 220 ...\n");
  assert.deepEqual(shown, ["S: 220 \\u{1b}[2J\\u{202e}"]);
});

test("TLS inside the dialogue; what was said in clear behind the reply counts for nothing", async (t) => {
  const { certificate, key } = await selfSigned("mx.example.test", Date.now());
  const port = await host(t, (socket) => {
    socket.write("220 x\r\n");
    socket.once("data", () => {
      socket.write("220 2.0.0 go\r\n250 forged\r\n", () => {
        const secure = new TLSSocket(socket, { isServer: true, cert: certificate, key });
        secure.on("error", () => {});
        secure.once("data", () => secure.write("250 inside\r\n"));
      });
    });
  });
  const { result } = await played(
    port,
    "S: 220 x\nC: STARTTLS\nS: 220 2.0.0 ...\n---- handshake\nC: EHLO a.test\nS: 250 inside\n",
  );
  assert.deepEqual(result, { passed: true });
});
