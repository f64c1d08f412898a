import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";

const launcher = new URL("../bin/gatepost.js", import.meta.url).pathname;

/** Runs the command line to its end, as somebody does who stands in the folder of a boot file. */
export async function gatepost(folder: string, ...args: string[]) {
  const child = spawn(process.execPath, [launcher, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, out, err };
}

/** The server as a process, stopped after the test; resolves when it takes mail. */
export async function served(t: TestContext, folder: string) {
  const child = spawn(process.execPath, [launcher, "serve"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  const heard = new Set<() => void>();
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
    for (const look of heard) look();
  });
  const ready = Promise.withResolvers<number>();
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    const port = /"relay:(\d+)"/.exec(out)?.[1];
    if (port !== undefined) ready.resolve(Number(port));
  });
  child.once("exit", () => ready.reject(new Error(`it ended: ${out}${err}`)));
  /** Its exit code; null: it ended without a word. */
  const stop = async (): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill("SIGTERM");
    await once(child, "exit");
    return child.exitCode;
  };
  t.after(() => stop());
  return {
    port: await ready.promise,
    stop,
    /** Resolves when it has said something like this to the person who started it. */
    says: (wanted: RegExp) =>
      new Promise<RegExpExecArray>((resolve) => {
        const look = () => {
          const match = wanted.exec(err);
          if (match === null) return;
          heard.delete(look);
          resolve(match);
        };
        heard.add(look);
        look();
      }),
  };
}
