import type { Command } from "commander";

/** The reference page of the command line, Markdown, made from the commands themselves: docs/reference/commands.md. */
export function commandPage(program: Command): string {
  return `${introduction}\n${program.commands.flatMap((command) => sectionsOf(command, "gatepost")).join("\n")}`;
}

const introduction = `<!-- Generated from src/cli/program.ts by \`npm run docs\`: do not edit. -->

# Commands

Commands speak to the running server through \`control.sock\` in its data folder, which only the owner of the folder may open;
when no server runs they work on the data folder itself. \`--config FILE\` in front of the command names the boot file. With
\`--json\` one line of JSON comes out, also for a failure: \`{"failed", "message", "problems"}\`.

Exit codes: 0, 1 when something failed, 2 for arguments, a boot file or a policy that do not parse. \`explain\` exits 0 whatever the
verdict; \`check\` exits 1 when it found an error; \`say\` exits 1 when the host said something else.

Completion for the shell: \`source <(gatepost complete bash)\`, \`source <(gatepost complete zsh)\`, \`gatepost complete fish | source\`.
`;

function sectionsOf(command: Command, before: string): string[] {
  const name = `${before} ${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((inner) => sectionsOf(inner, name));
  const signature = command.registeredArguments.map((argument) => {
    const inside = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${inside}>` : `[${inside}]`;
  });
  const options = command.options.map(({ flags, description, defaultValue, argChoices }) => {
    const choices = argChoices === undefined ? "" : `: ${argChoices.join(", ")}`;
    const usual = typeof defaultValue === "string" ? `; default \`${defaultValue}\`` : "";
    return `- \`${flags}\` ${description}${choices}${usual}`;
  });
  const parts = [`## ${[name, ...signature].join(" ")}`, command.description(), options.join("\n")];
  return [`${parts.filter((part) => part !== "").join("\n\n")}\n`];
}
