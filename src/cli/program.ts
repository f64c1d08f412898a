import { Command, CommanderError } from "commander";
import { UsageError } from "./usage-error.ts";
import { addOperations } from "./operation-commands.ts";
import packageJson from "../../package.json" with { type: "json" };
import type { AdminContext } from "../admin/context.ts";
import type { Config } from "../config/schema.ts";

/** What the command line cannot reach by itself: the composition root hands it in. */
export type Doors = {
  readonly serve: (config: Config, version: string) => Promise<number>;
  readonly openAtRest: (
    config: Config,
  ) => Promise<{ readonly context: AdminContext; readonly close: () => Promise<void> }>;
};

/** Runs one command line; resolves to the exit code: 0, 1 for failure, 2 for arguments or a policy that do not parse. */
export async function run(args: readonly string[], doors: Doors): Promise<number> {
  let code = 0;
  const program = new Command("gatepost");
  program.description("An Internet Mail Service whose relay control can be read, proved and undone.");
  program.version(packageJson.version).exitOverride().showHelpAfterError("(gatepost --help says more)");
  program.option("--config <file>", "the boot file; else GATEPOST_CONFIG, gatepost.toml, /etc/gatepost/gatepost.toml");
  const config = async (): Promise<Config> => {
    const { configOf } = await import("./boot.ts");
    return configOf(program.opts<{ config?: string }>().config);
  };

  const operateAs = async (
    operation: string,
    input: Readonly<Record<string, unknown>>,
    options: object,
  ): Promise<void> => {
    const { operate } = await import("./operate.ts");
    const json = "json" in options && options.json === true;
    code = await operate({ config: await config(), operation, input, json, openAtRest: doors.openAtRest });
  };

  program
    .command("serve")
    .description("run the server in the foreground")
    .action(async () => {
      code = await doors.serve(await config(), packageJson.version);
    });
  program
    .command("explain")
    .description("why a recipient was accepted or refused: a past decision by its REF, or an imagined one")
    .argument("[ref]", "the REF of a reply")
    .option("--policy <file>", "the policy document to judge by; else the one in force")
    .option("--client <ip>", "the client's address")
    .option("--local <ip>", "the address it connected to")
    .option("--listener <name>", "the listener", "relay")
    .option("--account <name>", "the account that logged in")
    .option("--sender <address...>", "addresses that the account may write as")
    .option("--tls", "over TLS")
    .option("--from <address>", "the reverse-path")
    .option("--to <address>", "the forward-path")
    .option("--json", "for programs")
    .action(async (ref: string | undefined, options: object) => {
      if (ref !== undefined) return operateAs("explain", { ref }, options);
      const { explainCommand } = await import("./explain.ts");
      code = await explainCommand(options);
    });

  addOperations(program, operateAs);

  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      process.stderr.write(`gatepost: ${error.message}\n`);
      return 2;
    }
    process.stderr.write(`gatepost: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
