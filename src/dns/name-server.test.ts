import assert from "node:assert/strict";
import { test } from "node:test";
import { formatNameServer, parseNameServer, readResolvConf } from "./name-server.ts";

for (const [text, expected] of [
  ["192.0.2.53", "192.0.2.53"],
  ["192.0.2.53:53", "192.0.2.53"],
  ["192.0.2.53:5353", "192.0.2.53:5353"],
  ["2001:DB8::53", "2001:DB8::53"],
  ["[2001:DB8::53]:5353", "[2001:db8::53]:5353"],
  ["fe80::53%eth0", "fe80::53%eth0"],
  ["192.0.2.53:0", null],
  ["192.0.2.53:65536", null],
  ["192.0.2.053", null],
  ["[192.0.2.53]:53", null],
  ["dns.example", null],
  ["", null],
] as const) {
  test(`a name server "${text}" is ${expected ?? "none"}`, () => {
    const server = parseNameServer(text);
    assert.equal(server === null ? null : formatNameServer(server), expected);
  });
}

test("resolv.conf: name servers in order, nothing else", () => {
  const text =
    "# made by hand\nsearch example.com\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # second\n;nameserver 192.0.2.9\nnameserver nonsense\noptions ndots:5\n";
  assert.deepEqual(
    readResolvConf(text).map(({ address, port }) => `${address} ${port}`),
    ["192.0.2.1 53", "2001:db8::1 53"],
  );
});
