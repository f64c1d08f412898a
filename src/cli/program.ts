import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import type { Config } from "../config/schema.ts";
import { addAccountCommands } from "./commands/accounts.ts";
import { leaf, type Operate } from "./commands/command.ts";
import { addMailCommands, addServerCommands } from "./commands/mail.ts";
import { addPolicyCommands } from "./commands/policy.ts";
import { addMailboxCommands } from "./commands/mailboxes.ts";
import type { Doors } from "./doors.ts";
import { UsageError } from "./usage-error.ts";

/** Runs one command line; resolves to the exit code: 0, 1 for failure, 2 for arguments or a policy that do not parse. */
export async function run(args: readonly string[], doors: Doors): Promise<number> {
  let code = 0;
  const program = commands(doors, (result) => (code = result));
  try {
    if (args[0] === "complete") {
      const { completeCommand } = await import("./completion.ts");
      completeCommand(program);
    }
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`gatepost: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Every command; what each needs is loaded when it is called, so that none waits for another. */
export function commands(doors: Doors, end: (code: number) => void): Command {
  const program = new Command("gatepost");
  program.description("An Internet Mail Service whose relay control can be read, proved and undone.");
  program.version(packageJson.version).exitOverride().showHelpAfterError("(gatepost --help says more)");
  program.option("--config <file>", "the boot file; else GATEPOST_CONFIG, gatepost.toml, /etc/gatepost/gatepost.toml");
  const named = () => program.opts<{ readonly config?: string }>().config;
  const config = async (): Promise<Config> => (await import("./boot.ts")).configOf(named());
  const operate: Operate = async (operation, input, options) => {
    const { operate: run } = await import("./operate.ts");
    const json = "json" in options && options.json === true;
    end(await run({ config: await config(), operation, input, json, openAtRest: doors.openAtRest }));
  };

  program
    .command("serve")
    .description("run the server in the foreground")
    .action(async () => end(await doors.serve(await config(), packageJson.version)));
  addInit(program, { named, end, openAtRest: doors.openAtRest });
  addExplain(program, { operate, config, end, openAtRest: doors.openAtRest });
  addPolicyCommands(program, operate);
  addAccountCommands(program, operate);
  addMailboxCommands(program, operate);
  addMailCommands(program, operate);
  addServerCommands(program, operate);
  leaf(program, "say <file>", "play a dialogue at a host and compare what it says; - is standard input")
    .option("--host <host>", "name or address", "127.0.0.1")
    .option("--port <port>", "where it listens", "25")
    .option("--tls", "TLS from the first octet on, unverified")
    .option("--patience <duration>", "how long to wait for a reply", "10 s")
    .action(async (file: string, options: object) => {
      const { sayCommand } = await import("./say.ts");
      end(await sayCommand(file, options));
    });
  return program;
}

type Parts = {
  readonly operate: Operate;
  readonly config: () => Promise<Config>;
  readonly end: (code: number) => void;
  readonly openAtRest: Doors["openAtRest"];
};

function addInit(
  program: Command,
  { named, end, openAtRest }: Pick<Parts, "end" | "openAtRest"> & { readonly named: () => string | undefined },
): void {
  leaf(program, "init", "write a boot file, and make the first domain, account and policy")
    .requiredOption("--domain <domain>", "the first domain of ours")
    .option("--hostname <name>", "the server's own name; else mx.DOMAIN")
    .option("--account <name>", "the first account, in that domain", "admin")
    .option("--data <folder>", "where mail and settings are kept, as seen from the boot file", "data")
    .option("--password-stdin", "its password is the first line of standard input; else one is made")
    .option("--trial", "unprivileged ports on loopback instead of 25, 465 and 587 everywhere")
    .action(async (options: object) => {
      const { initCommand } = await import("./init.ts");
      end(await initCommand({ ...options, file: named() }, openAtRest));
    });
}

function addExplain(program: Command, { operate, config, end, openAtRest }: Parts): void {
  leaf(program, "explain [ref]", "why a recipient was accepted or refused: by the REF of the reply, or an imagined one")
    .option("--policy <file>", "the policy document to judge by; else the one in force")
    .option("--client <ip>", "the client's address")
    .option("--local <ip>", "the address it connected to")
    .option("--listener <name>", "the listener", "relay")
    .option("--account <name>", "the account that logged in")
    .option("--sender <address...>", "addresses that the account may write as")
    .option("--tls", "over TLS")
    .option("--from <address>", "the reverse-path; <> is the null one")
    .option("--to <address>", "the forward-path")
    .action(async (ref: string | undefined, options: object) => {
      if (ref !== undefined) return operate("explain", { ref }, options);
      const { explainCommand } = await import("./explain.ts");
      end(await explainCommand(options, async () => ({ config: await config(), openAtRest })));
    });
}
