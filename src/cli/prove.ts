import { proofLines, prove } from "../policy/prove.ts";
import { readPolicyFile } from "./policy-file.ts";

/** `gatepost policy prove --policy FILE`: needs no server and no data folder. */
export async function proveFile(file: string, json: boolean): Promise<void> {
  const proof = prove(await readPolicyFile(file), Date.now());
  process.stdout.write(`${json ? JSON.stringify(proof) : proofLines(proof).join("\n")}\n`);
}
