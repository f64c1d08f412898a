import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

/**
 * A reporter beside the dots: what failed as soon as it is known, what was skipped, by name, and how many there were.
 * A default export, since that is how the runner takes a reporter.
 */
export default async function* closingLines(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let [passed, failed] = [0, 0];
  const skipped: string[] = [];
  for await (const event of events) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, skip } = event.data;
    if (skip !== undefined && skip !== false) skipped.push(`skipped: ${name}${skip === true ? "" : `: ${skip}`}`);
    else if (event.type === "test:pass") passed++;
    else {
      failed++;
      yield `\nfailed: ${name}${placeOf(event.data)}\n`;
    }
  }
  yield `\n${[...skipped, `${passed} passed, ${failed} failed, ${skipped.length} skipped`].join("\n")}\n`;
}

function placeOf({ file, line }: { readonly file?: string; readonly line?: number }): string {
  return file === undefined ? "" : ` (${relative(process.cwd(), file)}:${line})`;
}
