import type { Command } from "commander";
import { passwordFrom, textFrom, whoami } from "../input.ts";
import { UsageError } from "../usage-error.ts";
import { group, leaf, type Operate } from "./command.ts";

export function addPolicyCommands(program: Command, operate: Operate): void {
  const policy = group(program, "policy", "who may relay, and where mail goes");
  leaf(policy, "show [version]", "the document in force, or a version of it").action(
    (version: string | undefined, options: object) =>
      operate("policy show", version === undefined ? {} : { version }, options),
  );
  leaf(policy, "apply <file>", "put a document in force, at once and without a restart; - is standard input")
    .requiredOption("--why <words>", "why, for the history")
    .action(async (file: string, options: { readonly why: string }) =>
      operate("policy apply", { document: await textFrom(file), why: options.why, who: whoami() }, options),
    );
  leaf(policy, "diff [file]", "what a document would change, or what changed between two versions")
    .option("--from <version>", "the version before; else the one in force")
    .option("--to <version>", "the version after")
    .action(async (file: string | undefined, options: { readonly from?: string; readonly to?: string }) => {
      if ((file === undefined) === (options.to === undefined && options.from === undefined)) {
        throw new UsageError("policy diff needs a file, or --from and --to");
      }
      const document = file === undefined ? {} : { document: await textFrom(file) };
      const { from, to } = options;
      await operate(
        "policy diff",
        { ...document, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) },
        options,
      );
    });
  leaf(policy, "history", "who applied what, when and why")
    .option("--limit <number>", "how many versions")
    .action((options: { readonly limit?: string }) =>
      operate("policy history", options.limit === undefined ? {} : { limit: options.limit }, options),
    );
  leaf(policy, "undo", "go back to the version before; undone in the same way").action((options: object) =>
    operate("policy undo", { who: whoami() }, options),
  );
  leaf(policy, "prove", "who can relay, computed exactly")
    .option("--policy <file>", "a document instead of the one in force; needs no server and no data folder")
    .action(async (options: { readonly policy?: string; readonly json?: boolean }) => {
      if (options.policy === undefined) return operate("policy prove", {}, options);
      const { proveFile } = await import("../prove.ts");
      await proveFile(options.policy, options.json === true);
    });
  addSmartHostCommands(program, operate);
}

function addSmartHostCommands(program: Command, operate: Operate): void {
  const smartHost = group(program, "smart-host", "passwords of accounts at smart hosts, which no policy holds");
  leaf(smartHost, "password <account>", "keep one; it is the first line of standard input").action(
    async (account: string, options: object) =>
      operate("smart-host password", { account, ...(await passwordFrom({ passwordStdin: true })) }, options),
  );
  leaf(smartHost, "forget <account>", "forget one").action((account: string, options: object) =>
    operate("smart-host forget", { account }, options),
  );
}
