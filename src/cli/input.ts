import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { UsageError } from "./usage-error.ts";

/** A file's text, "-" is standard input. */
export async function textFrom(file: string): Promise<string> {
  if (file !== "-") {
    return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      const why = error.code === "ENOENT" ? "no such file" : (error.code ?? error.message);
      throw new UsageError(`cannot read ${file}: ${why}`);
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** The first line of a file; "-" is standard input. */
export async function firstLineOf(file: string): Promise<string> {
  const [line = ""] = (await textFrom(file)).split(/\r?\n/, 1);
  if (line === "") throw new UsageError(`${file === "-" ? "standard input" : file} holds no password`);
  return line;
}

/** The first line of standard input: among the arguments other processes would see a password. */
export async function passwordFrom(options: { readonly passwordStdin?: boolean }): Promise<{ password?: string }> {
  if (options.passwordStdin !== true) return {};
  return { password: await firstLineOf("-") };
}

export const whoami = () => userInfo().username;
