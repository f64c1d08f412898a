import type { Command } from "commander";

type Operate = (operation: string, input: Readonly<Record<string, unknown>>, options: object) => Promise<void>;

/** The operations as `gatepost NOUN VERB`; what each means is said once, in `admin/operations/`. */
export function addOperations(program: Command, operate: Operate): void {
  const noun = (name: string, help: string) => program.command(name).description(help);
  const json = (command: Command) => command.option("--json", "for programs");

  const account = noun("account", "who may log in");
  json(account.command("list").description("who is here")).action((options: object) =>
    operate("account list", {}, options),
  );
  for (const [verb, help] of [
    ["add", "make an account"],
    ["password", "give an account another password"],
  ] as const) {
    json(
      account
        .command(`${verb} <account>`)
        .description(`${help}; the password comes from standard input with --password-stdin, else one is made`),
    )
      .option("--password-stdin", "read the password from standard input")
      .action(async (name: string, options: { readonly passwordStdin?: boolean }) => {
        const { textFrom } = await import("./operate.ts");
        const password =
          options.passwordStdin === true ? { password: (await textFrom("-")).replace(/\r?\n$/, "") } : {};
        await operate(`account ${verb}`, { account: name, ...password }, options);
      });
  }
  for (const verb of ["delete", "enable", "disable"] as const) {
    json(account.command(`${verb} <account>`).description(`${verb} an account`)).action(
      (name: string, options: object) => operate(`account ${verb}`, { account: name }, options),
    );
  }

  const alias = noun("alias", "addresses that lead to others");
  json(alias.command("list").description("aliases, groups and catch-alls")).action((options: object) =>
    operate("alias list", {}, options),
  );
  json(alias.command("add <address> <targets...>").description("lead an address to others; *@domain is a catch-all"))
    .option("--group", "a group: a name that people see")
    .action((address: string, targets: string[], options: { readonly group?: boolean }) =>
      operate("alias add", { address, targets, ...(options.group === true ? { group: true } : {}) }, options),
    );
  json(alias.command("remove <address>").description("remove one")).action((address: string, options: object) =>
    operate("alias remove", { address }, options),
  );

  const policy = noun("policy", "who may relay, and where mail goes");
  json(policy.command("show [version]").description("the document in force, or a version")).action(
    (version: string | undefined, options: object) =>
      operate("policy show", version === undefined ? {} : { version }, options),
  );
  json(policy.command("apply <file>").description("put a document in force, without a restart; - is standard input"))
    .requiredOption("--why <words>", "why, for the history")
    .action(async (file: string, options: { readonly why: string }) => {
      const { textFrom, whoami } = await import("./operate.ts");
      await operate("policy apply", { document: await textFrom(file), why: options.why, who: whoami() }, options);
    });
  json(policy.command("history").description("who applied what, when and why")).action((options: object) =>
    operate("policy history", {}, options),
  );
  json(policy.command("undo").description("go back to the version before")).action(async (options: object) => {
    const { whoami } = await import("./operate.ts");
    await operate("policy undo", { who: whoami() }, options);
  });

  json(policy.command("prove").description("who can relay, computed exactly"))
    .option("--policy <file>", "a document instead of the one in force; needs no server and no data folder")
    .action(async (options: { readonly policy?: string; readonly json?: boolean }) => {
      if (options.policy === undefined) return operate("policy prove", {}, options);
      const { proveFile } = await import("./prove.ts");
      await proveFile(options.policy, options.json === true);
    });

  const queue = noun("queue", "what was accepted and has not left yet");
  json(queue.command("list").description("what waits, for what and until when")).action((options: object) =>
    operate("queue list", {}, options),
  );
  json(queue.command("show <message>").description("one message with every attempt")).action(
    (message: string, options: object) => operate("queue show", { message }, options),
  );
  json(queue.command("retry [message]").description("try now: one message, or all")).action(
    (message: string | undefined, options: object) =>
      operate("queue retry", message === undefined ? {} : { message }, options),
  );
  json(queue.command("delete <message>").description("take a message out for good, without a report")).action(
    (message: string, options: object) => operate("queue delete", { message }, options),
  );

  json(program.command("decisions").description("the latest decisions, newest first"))
    .option("--limit <number>", "how many")
    .action((options: { readonly limit?: string }) =>
      operate("decisions", options.limit === undefined ? {} : { limit: options.limit }, options),
    );
}
