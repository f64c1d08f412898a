import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { commandPage } from "./command-reference.ts";
import { commands } from "./program.ts";

test("the reference page is that of the commands: `npm run docs` makes it anew", () => {
  const nowhere = () => Promise.reject(new Error("only described"));
  const page = readFileSync(new URL("../../docs/reference/commands.md", import.meta.url), "utf8");
  assert.equal(page, commandPage(commands({ serve: nowhere, openAtRest: nowhere }, () => {})));
});
