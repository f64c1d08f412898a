import { fileURLToPath } from "node:url";

/**
 * Starts this server for the bench harness and for `npm run bench`. As the launcher does it, with a compile cache: Node reads that
 * variable before it strips the types of this file, so the process begins once more with it.
 */
if (process.env["NODE_COMPILE_CACHE"] === undefined && process.execve !== undefined) {
  const cache = fileURLToPath(new URL("../.cache/compile", import.meta.url));
  // The flags of `npm start` and of the packages.
  const [node = process.execPath, ...rest] = process.argv;
  process.execve(process.execPath, [node, "--max-semi-space-size=8", "--preserve-symlinks", ...rest], {
    ...process.env,
    NODE_COMPILE_CACHE: cache,
  });
}
await import("./peer-server.ts");
