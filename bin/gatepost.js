#!/usr/bin/env node
// Plain JavaScript on purpose: it must parse on an old Node to be able to say that the Node is too old.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `gatepost: cannot start: this is Node ${process.versions.node}, and Gatepost needs Node 24.12 or later.\n` +
      "In a checkout, `npm ci` brings the right one: then use `npm start` or `npx gatepost …`.\n" +
      "If `npm ci` was run with --ignore-scripts, run `npm rebuild node` once.\n",
  );
  process.exit(1);
}
await import("./compile-cache.js");
await import("../src/main.ts");
