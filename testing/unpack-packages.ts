import { packagesFolder, unpackPackages } from "./packages.ts";

/** `npm run packages`: what cannot be had is said, and is no failure; the scenes that need it are then skipped by name. */
const begun = performance.now();
const { problem } = await unpackPackages();
const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
process.stdout.write(
  problem === null
    ? `packages: unpacked in ${packagesFolder} (${seconds} s)\n`
    : `packages: not unpacked, scenes with real servers and clients will be skipped: ${problem}\n`,
);
