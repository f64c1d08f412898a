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

/**
 * The first account with a password that nobody knows yet. It is in its file before there is an account that has it: a start that is
 * killed in between leaves none whose password is lost.
 */
export async function makeFirstAccount(
  administration: Pick<Administration, "create">,
  { domain, folder }: { readonly domain: string; readonly folder: string },
): Promise<FirstAccount> {
  const address = `admin@${domain}`;
  const password = generateInitialPassword(nodeHasher);
  // Only the owner of the data folder reads it.
  await writeWholeFile(passwordFile(folder), `${address} ${password}\n`, { mode: 0o600 });
  const made = await administration.create({ address, password: { password } });
  if ("refused" in made) throw new Error(`cannot make the first account ${address}: ${made.refused}`);
  return { address, password };
}

/** Where the password of the first account is until somebody has seen it. */
export function passwordFile(folder: string): string {
  return join(folder, "first-password");
}

/** The domain of a first start: the host's own name, else one that can never be anybody's (RFC 2606). */
export function usualFirstDomain({ hostname }: Config): string {
  return hostname.includes(".") ? hostname : "example.test";
}
