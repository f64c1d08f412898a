import assert from "node:assert/strict";
import { readdir, readlink, stat } from "node:fs/promises";
import { freeEndpoint, peerTest, runPeer, startPeer } from "./peers.ts";

peerTest("a program sees its family's files over the system's", ["clients", "postfix"], async () => {
  const ran = await runPeer("clients", ["sh", "-c", "cat /etc/resolv.conf; ls /usr/bin/swaks /usr/bin/env; exit 3"]);
  assert.deepEqual(ran, { code: 3, out: "nameserver 127.0.0.1\n/usr/bin/env\n/usr/bin/swaks\n", err: "" });
  assert.equal((await runPeer("postfix", ["cat"], "heard")).out, "heard");
});

async function processesIn(pidNamespace: string): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  // Some end while we look.
  const spaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/pid`).catch(() => null)));
  return pids.filter((_, index) => spaces[index] === pidNamespace);
}

peerTest("a server ends with the test, with its children and its folder", ["postfix"], async (t) => {
  const listens = await freeEndpoint();
  let folder = "";
  let pidNamespace = "";
  await t.test("while it runs", async (inner) => {
    const server = await startPeer(inner, {
      family: "postfix",
      command: () => [
        ...["sh", "-c", 'readlink /proc/self/ns/pid; sleep 600 & exec smtp-sink -u postfix "$1" 10', "sh"],
        `${listens.host}:${listens.port}`,
      ],
      listens,
      folders: { spool: 64_901 },
    });
    folder = server.folder;
    [pidNamespace] = await server.says(/pid:\[\d+\]/);
    assert.equal((await stat(`${folder}/spool`)).uid, 64_901);
    assert.ok((await processesIn(pidNamespace)).length >= 3);
  });
  assert.deepEqual(await processesIn(pidNamespace), []);
  await assert.rejects(stat(folder));
});

peerTest("a server that ends by itself fails the test with what it said", ["clients"], async (t) => {
  const listens = await freeEndpoint();
  const command = () => ["sh", "-c", "echo no such luck; exit 7"];
  await assert.rejects(startPeer(t, { family: "clients", command, listens }), /no such luck\nended: 7/);
});
