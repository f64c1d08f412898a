import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runFolder, type ServerName } from "../bench/processes.ts";
import { formatResult, medianOf } from "../bench/report.ts";
import { cellsOf, type Sample, type Suite } from "../bench/suites.ts";

/** That `npm run bench` still measures something; not how much. */
const options = { seconds: 0.2, sessions: [2], connections: 5, queued: 20, tls: { key: "", certificate: "" } };
const folder = runFolder(tmpdir());
after(() => folder.remove());

async function measure(suite: Suite, title: string, name: ServerName): Promise<Sample> {
  const cell = cellsOf(suite, options).find((one) => one.title === title);
  assert.ok(cell, `no cell ${title}`);
  return cell.measure(name, join(folder.path, `${suite}-${name}`));
}

test("relays through either server to the sink, with figures for each", async () => {
  const title = "1 KiB, 2 sessions, kept";
  const [ours, floor] = await Promise.all([measure("relay", title, "ours"), measure("relay", title, "floor")]);
  for (const sample of [ours, floor]) {
    assert.ok(
      (sample.perSecond ?? 0) > 0 && (sample.cpuMs ?? 0) > 0 && (sample.p99Ms ?? 0) > 0,
      JSON.stringify(sample),
    );
    assert.equal(sample.failed, 0);
  }
  assert.match(
    formatResult({ suite: "relay", title, rounds: 1, ours, floor }),
    /^relay: .*\n {2}a second +[\d,]+ +[\d,]+/,
  );
});

test("counts refusals as the journal does, with clients and recipients that do not fold", async () => {
  const sample = await measure("refuse", "40 a connection, 2 sessions, all distinct", "ours");
  assert.ok((sample.perSecond ?? 0) > 0);
  assert.equal(sample.failed, 0);
  assert.equal(sample.notJournalled, 0);
});

test("a median is of each figure by itself", () => {
  assert.deepEqual(medianOf([{ perSecond: 1, p50Ms: 9 }, { perSecond: 3 }, { perSecond: 100, p50Ms: 1 }]), {
    perSecond: 3,
    p50Ms: 5,
  });
});
