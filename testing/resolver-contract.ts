import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FakeName } from "./fake-resolver.ts";
import { formatIp } from "../src/address/ip.ts";
import type { Lookup, Resolver } from "../src/dns/resolver.ts";

type Opened = { readonly resolver: Resolver; readonly close: () => Promise<void> };

/** What every resolver must do. `open` gives one to which the DNS is this table. */
export function resolverContract(name: string, open: (names: Record<string, FakeName>) => Promise<Opened>): void {
  const scene = (title: string, names: Record<string, FakeName>, act: (resolver: Resolver) => Promise<void>): void => {
    it(title, async () => {
      const { resolver, close } = await open(names);
      try {
        await act(resolver);
      } finally {
        await close();
      }
    });
  };
  const addresses = async (lookup: Promise<Lookup<Parameters<typeof formatIp>[0]>>) => {
    const found = await lookup;
    return typeof found === "object" && "records" in found ? found.records.map((ip) => formatIp(ip)) : found;
  };

  describe(`${name} keeps the contract of a resolver`, () => {
    scene(
      "exchanges come with their preference, in lower case, without a dot at the end",
      {
        "a.test": {
          mx: [
            [20, "MX2.A.test."],
            [10, "mx1.a.test"],
          ],
        },
      },
      async (resolver) => {
        const found = await resolver.resolveMx("a.test");
        assert.deepEqual(found, {
          records: [
            { preference: 20, exchange: "mx2.a.test" },
            { preference: 10, exchange: "mx1.a.test" },
          ],
          isAuthentic: false,
        });
      },
    );

    scene("the root as exchange is the empty name (RFC 7505)", { "a.test": { mx: [[0, "."]] } }, async (resolver) => {
      const found = await resolver.resolveMx("a.test");
      assert.deepEqual(found, { records: [{ preference: 0, exchange: "" }], isAuthentic: false });
    });

    scene("no such name, and no such record, are two things", { "a.test": {} }, async (resolver) => {
      assert.equal(await resolver.resolveMx("a.test"), "nodata");
      assert.equal(await resolver.resolveMx("b.test"), "nxdomain");
      assert.equal(await resolver.resolveAddresses("a.test"), "nodata");
      assert.equal(await resolver.resolveAddresses("b.test"), "nxdomain");
    });

    scene("both families together", { "a.test": { a: ["192.0.2.1"], aaaa: ["2001:db8::1"] } }, async (resolver) => {
      assert.deepEqual(await addresses(resolver.resolveAddresses("a.test")), ["2001:db8::1", "192.0.2.1"]);
      assert.deepEqual(await addresses(resolver.resolveHost("a.test")), ["2001:db8::1", "192.0.2.1"]);
    });

    scene(
      "what one family has counts, whatever became of the other",
      { "a.test": { a: ["192.0.2.1"], aaaa: "servfail" }, "b.test": { a: "servfail" } },
      async (resolver) => {
        assert.deepEqual(await addresses(resolver.resolveAddresses("a.test")), ["192.0.2.1"]);
        assert.deepEqual(await resolver.resolveAddresses("b.test"), { failed: "servfail" });
      },
    );

    for (const failed of ["servfail", "lame", "malformed", "timeout"] as const) {
      scene(`${failed} says nothing about a name (O-27)`, { "a.test": { mx: failed, a: failed } }, async (resolver) => {
        assert.deepEqual(await resolver.resolveMx("a.test"), { failed });
        assert.deepEqual(await resolver.resolveAddresses("a.test"), { failed });
      });
    }
  });
}
