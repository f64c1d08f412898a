import assert from "node:assert/strict";
import { startMoodyHop } from "../../testing/moody-hop.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";
import { startedServer } from "../../testing/world.ts";

peerTest("nmap finds no open relay in us", ["clients"], async (t) => {
  const hop = await startMoodyHop(t);
  const policy = (relay: string) => `
routing: [ { sent-to: "#mx.example.test", route: inbound } ]
default-route: { via: smart-host, host: ${hop.host}, port: ${hop.port} }
relay: { authenticated: true${relay} }
`;
  const { server, portOf, events } = await startedServer(t, policy(""));
  const ask = async (name: string) => {
    const ran = await runPeer("clients", [
      ...["nmap", "-n", "-Pn", "-sT", "-p", String(portOf(name)), "--script", "+smtp-open-relay"],
      ...["--script-args", "smtp-open-relay.domain=example.net,smtp-open-relay.ip=127.0.0.1", "127.0.0.1"],
    ]);
    assert.equal(ran.code, 0, ran.err);
    return ran.out;
  };
  assert.match(await ask("relay"), /smtp-open-relay: Server doesn't seem to be an open relay, all tests failed/);
  assert.match(await ask("submission"), /smtp-open-relay: Server isn't an open relay, authentication needed/);
  assert.ok(events.filter(({ name }) => name === "recipient-refused").length > 10);
  // It would have said so.
  const open = policy(", addresses: [ { id: loopback, match: 127.0.0.1 } ]");
  assert.deepEqual(await server.applyPolicy({ document: open, who: "test", why: "let nmap in" }), []);
  assert.match(await ask("relay"), /smtp-open-relay: Server is an open relay/);
  assert.equal(hop.taken.length, 0);
});
