import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { selfSigned } from "../src/tls/self-signed.ts";
import { runFolder, type ServerName } from "./processes.ts";
import { formatResult, medianOf, type Result } from "./report.ts";
import { type Cell, cellsOf, type Sample, suites, type Suite } from "./suites.ts";

/**
 * `npm run bench`: our server, started as shipped, beside the floor. Docs: docs/guides/bench.md.
 * The rounds of a suite go through all its cells, so that what else the machine does meets both servers alike.
 */
const { values: given } = parseArgs({
  options: {
    suite: { type: "string", default: suites.join(",") },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    sessions: { type: "string", default: "10,50" },
    connections: { type: "string", default: "5000" },
    queued: { type: "string", default: "20000" },
    folder: { type: "string", default: fileURLToPath(new URL("../.cache", import.meta.url)) },
    json: { type: "boolean", default: false },
  },
});

const wanted = given.suite.split(",").map((name): Suite => {
  const suite = suites.find((one) => one === name);
  if (suite === undefined) throw new Error(`there is no suite ${name}; there are ${suites.join(", ")}`);
  return suite;
});
const rounds = Number(given.rounds);
const { key, certificate } = await selfSigned("bench.test", Date.now());
const options = {
  seconds: Number(given.seconds),
  sessions: given.sessions.split(",").map(Number),
  connections: Number(given.connections),
  queued: Number(given.queued),
  tls: { key, certificate },
};
const folder = runFolder(given.folder);
let measured = 0;
try {
  for (const suite of wanted) for (const result of await resultsOf(cellsOf(suite, options))) print(result);
} finally {
  folder.remove();
}

async function resultsOf(cells: readonly Cell[]): Promise<readonly Result[]> {
  const taken = cells.map((cell) => ({ cell, ours: [] as Sample[], floor: [] as Sample[] }));
  for (let round = 0; round < rounds; round++) {
    // Each is first as often as the other.
    const order: readonly ServerName[] = round % 2 === 0 ? ["ours", "floor"] : ["floor", "ours"];
    for (const samples of taken) {
      const { suite, title, measure } = samples.cell;
      for (const name of order) samples[name].push(await measure(name, join(folder.path, `${name}-${measured++}`)));
      process.stderr.write(`${suite}: ${title}, round ${round + 1} of ${rounds}\n`);
    }
  }
  return taken.map(({ cell: { suite, title }, ours, floor }) => ({
    suite,
    title,
    rounds,
    ours: medianOf(ours),
    floor: medianOf(floor),
  }));
}

function print(result: Result): void {
  process.stdout.write(given.json ? `${JSON.stringify(result)}\n` : formatResult(result));
}
