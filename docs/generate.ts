/** `npm run docs`: makes the reference pages anew from what they describe. */
import { writeFileSync } from "node:fs";
import { commandPage } from "../src/cli/command-reference.ts";
import { commands } from "../src/cli/program.ts";
import { configurationPage } from "../src/config/reference.ts";

const page = (name: string) => new URL(`reference/${name}.md`, import.meta.url);
const nowhere = () => Promise.reject(new Error("only described here"));

writeFileSync(page("configuration"), configurationPage());
writeFileSync(page("commands"), commandPage(commands({ serve: nowhere, openAtRest: nowhere }, () => {})));
