import { z } from "zod";
import { formatSize } from "../../config/size.ts";
import { writtenConfig } from "../../config/written.ts";
import { countDecisions } from "../../store/journal-desk.ts";
import { countQueue } from "../../store/queue-desk.ts";
import { freeBytes } from "../machine.ts";
import { operation } from "../operation.ts";

export const configShow = operation({
  name: "config show",
  help: "the configuration in force, in the words of the boot file, defaults included",
  input: z.strictObject({}),
  output: z.record(z.string(), z.unknown()),
  worksAtRest: true,
  run: ({ config }) => Promise.resolve({ ...writtenConfig(config) }),
});

const count = z.object({ name: z.string(), labels: z.record(z.string(), z.string()), value: z.number() });

export const status = operation({
  name: "status",
  help: "whether it runs, what it holds and what it did since its start",
  input: z.strictObject({}),
  output: z.object({
    running: z
      .object({
        version: z.string(),
        since: z.string(),
        listeners: z.array(z.object({ name: z.string(), port: z.number() })).readonly(),
        lostRefusals: z.number(),
        counts: z.array(count).readonly(),
      })
      .nullable(),
    hostname: z.string(),
    dataFolder: z.string(),
    free: z.string().nullable(),
    policyVersion: z.number(),
    accounts: z.number(),
    queue: z.object({ messages: z.number(), recipients: z.number() }),
    journal: z.object({ rows: z.number(), decisions: z.number() }),
  }),
  worksAtRest: true,
  async run({ config, store, directory, policy, running, flushJournal }) {
    await flushJournal();
    const [[queue], journal, free] = await Promise.all([
      store.read(countQueue),
      countDecisions(store),
      freeBytes(config.data),
    ]);
    return {
      running:
        running === null
          ? null
          : {
              version: running.version,
              since: new Date(running.startedAt).toISOString(),
              listeners: running.listeners(),
              lostRefusals: running.lostRefusals(),
              counts: running.counts(),
            },
      hostname: config.hostname,
      dataFolder: config.data,
      free: free === null ? null : formatSize(Math.floor(free / 1e6) * 1e6),
      policyVersion: policy.current().version,
      accounts: directory.accounts().length,
      queue: { messages: Number(queue?.["entries"]), recipients: Number(queue?.["recipients"]) },
      journal,
    };
  },
});
