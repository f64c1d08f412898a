import { join, relative, resolve } from "node:path";
import { socketName } from "./protocol.ts";

/** The kernel's `sun_path` holds 108 octets with the closing NUL. */
const longestPath = 107;

/**
 * The path of the control socket of a data folder: the absolute one, or as seen from here when that is too long for
 * the kernel. `null`: both are.
 */
export function socketPath(dataFolder: string): string | null {
  const absolute = resolve(dataFolder, socketName);
  const here = join(".", relative(".", absolute));
  return [absolute, here].find((path) => Buffer.byteLength(path) <= longestPath) ?? null;
}
