import assert from "node:assert/strict";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { startedServer } from "../../testing/world.ts";

peerTest("swaks writes to us", ["clients"], async (t) => {
  const { portOf, events } = await startedServer(t);
  const ran = await runPeer("clients", [
    ...["swaks", "--server", `127.0.0.1:${portOf("relay")}`, "--from", "a@far.test", "--to", "admin@mx.example.test"],
  ]);
  assert.equal(ran.code, 0, ran.out + ran.err);
  assert.equal(events.filter(({ name }) => name === "message-accepted").length, 1);
});
