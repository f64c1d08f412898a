import { join } from "node:path";
import type { Administration } from "./accounts/administer.ts";
import { generateInitialPassword } from "./accounts/generated.ts";
import type { Config } from "./config/schema.ts";
import { nodeHasher } from "./accounts/hasher.ts";
import { writeWholeFile } from "./store/whole-file.ts";

/** What a server without a policy begins with: one domain of ours, relay for those who log in, nobody else. */
export function usualFirstPolicy(domain: string): string {
  return `# Whose mail is passed on.
routing:
  - { sent-to: "#${domain}", route: inbound }
relay:
  authenticated: true
`;
}

export type FirstAccount = { readonly address: string; readonly password: string };

/** The first account with a password that nobody knows yet. */
export async function makeFirstAccount(administration: Administration, domain: string): Promise<FirstAccount> {
  const address = `admin@${domain}`;
  const password = generateInitialPassword(nodeHasher);
  const made = await administration.create({ address, password: { password } });
  if ("refused" in made) throw new Error(`cannot make the first account ${address}: ${made.refused}`);
  return { address, password };
}

/** Puts a password where only the owner of the data folder reads it; returns the file's name. */
export async function writePassword(folder: string, { address, password }: FirstAccount): Promise<string> {
  const file = join(folder, "first-password");
  await writeWholeFile(file, `${address} ${password}\n`, { mode: 0o600 });
  return file;
}

/** The domain of a first start: the host's own name, else one that can never be anybody's (RFC 2606). */
export function usualFirstDomain({ hostname }: Config): string {
  return hostname.includes(".") ? hostname : "example.test";
}
