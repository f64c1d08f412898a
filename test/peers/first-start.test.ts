import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatepost, served } from "../../testing/command-line.ts";
import { peerTest, runPeer } from "../../testing/peers.ts";

const listener = (name: string, kind: string) =>
  `[[listener]]\nname = "${name}"\nkind = "${kind}"\naddress = "127.0.0.1"\nport = 0\n`;

peerTest("the lines that a first start prints do what it says, and the REF is explained", ["clients"], async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-first-"));
  const listeners = listener("relay", "relay") + listener("submission", "submission");
  await writeFile(join(folder, "gatepost.toml"), `hostname = "mx.example.test"\n${listeners}`);
  const { says } = await served(t, folder);
  t.after(() => rm(folder, { recursive: true }));
  const [, delivered = "", refused = "", refusedByCurl = "", loggedIn = ""] = await says(
    /# delivered\n +(swaks .*)\n.*REF.*\n +(swaks .*)\n +# the same.*\n +(printf .*)\n +# delivered, logged in over TLS\n +(printf .*)\n/,
  );
  const shell = (line: string) => runPeer("clients", ["bash", "-c", line]);

  const first = await shell(delivered);
  assert.equal(first.code, 0, first.out + first.err);
  assert.match(first.out, /^<- {2}250 2\.0\.0 Accepted as \S+$/m);
  const second = await shell(loggedIn);
  assert.equal(second.code, 0, second.err);
  const third = await shell(refused);
  assert.notEqual(third.code, 0);
  const [, ref = ""] = /550 5\.7\.1 Relaying is prohibited \((\w+)\)/.exec(third.out) ?? assert.fail(third.out);

  const fourth = await shell(refusedByCurl);
  assert.notEqual(fourth.code, 0);
  assert.match(fourth.err, /^< 550 5\.7\.1 Relaying is prohibited \(\w+\)/m);

  const [asked, explained] = await Promise.all([
    gatepost(folder, "decisions", "--json"),
    gatepost(folder, "explain", ref),
  ]);
  const decisions = JSON.parse(asked.out) as { rule: string; account: string | null }[];
  // The two refusals share a row, unless a minute ended between them.
  assert.deepEqual(new Set(decisions.map(({ rule }) => rule)), new Set(["inbound", "relay-denied"]));
  assert.equal(decisions.filter(({ rule }) => rule === "inbound").length, 2);
  assert.match(explained.out, /relay-denied/);
  assert.match(explained.out, /someone@example\.net/);
});
