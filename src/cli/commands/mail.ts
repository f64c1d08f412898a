import { type Command, Option } from "commander";
import { group, leaf, type Operate } from "./command.ts";

export function addMailCommands(program: Command, operate: Operate): void {
  const queue = group(program, "queue", "what was accepted and has not left yet");
  leaf(queue, "list", "what waits, for what and until when")
    .option("--limit <number>", "how many recipients")
    .action((options: { readonly limit?: string }) =>
      operate("queue list", options.limit === undefined ? {} : { limit: options.limit }, options),
    );
  leaf(queue, "show <message>", "one message with every attempt and the peers' words").action(
    (message: string, options: object) => operate("queue show", { message }, options),
  );
  leaf(queue, "retry [message]", "try now: one message, or all of them").action(
    (message: string | undefined, options: object) =>
      operate("queue retry", message === undefined ? {} : { message }, options),
  );
  leaf(queue, "delete <message>", "take a message out for good, without a report").action(
    (message: string, options: object) => operate("queue delete", { message }, options),
  );

  leaf(program, "decisions", "the latest decisions, newest first")
    .option("--limit <number>", "how many")
    .addOption(new Option("--verdict <verdict>", "only these").choices(["deliver", "relay", "refuse", "defer"]))
    .option("--rule <rule>", "only by this rule, as relay-denied or address:ID")
    .option("--client <ip>", "only of this client")
    .option("--account <name>", "only of this account")
    .option("--listener <name>", "only at this listener")
    .option("--from <address>", "only with this reverse-path; <> is the null one")
    .option("--to <address>", "only to this recipient")
    .option("--since <duration>", 'how far back, as "2 h"')
    .option("--before <REF>", "only older ones than this: the next page")
    .action(({ json, ...filter }: Readonly<Record<string, unknown>>) => operate("decisions", filter, { json }));
}

export function addServerCommands(program: Command, operate: Operate): void {
  const config = group(program, "config", "the boot file");
  leaf(config, "show", "the configuration in force, defaults included").action((options: object) =>
    operate("config show", {}, options),
  );
  leaf(program, "status", "whether it runs, what it holds and what it did").action((options: object) =>
    operate("status", {}, options),
  );
  leaf(program, "check", "what deserves a look: policy, certificate, disk, clock, addresses, names")
    .option("--dns", "also look up whether mail for our domains comes here")
    .action(({ dns, ...options }: { readonly dns?: boolean }) =>
      operate("check", dns === true ? { dns } : {}, options),
    );
}
