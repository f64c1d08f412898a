import assert from "node:assert/strict";
import { ImapClient } from "./imap-client.ts";
import type { Acknowledged, Load } from "./load.ts";
import { localDomain } from "./numbered-message.ts";

/** Who appends. */
export const appender = "ann";

/** Appends messages to INBOX over connections that are kept. Resolves when all are there or the server is gone. */
export async function appendLoad({ sessions, ...each }: Load): Promise<void> {
  await Promise.all(Array.from({ length: sessions }, (_, index) => session(index, each)));
}

async function session(index: number, { port, take, acknowledged }: Omit<Load, "sessions">): Promise<void> {
  const client = new ImapClient(port, `append${index}`);
  try {
    if (!(await client.login(appender))) return;
    for (let message = take(); message !== null; message = take()) {
      const answer = await client.say("APPEND INBOX (\\Seen) ", message.bytes);
      if (answer === null) return;
      assert.equal(answer.status, "OK", answer.text);
      const { number } = message;
      acknowledged({ number, recipients: [`${appender}@${localDomain}`], reply: answer.text } satisfies Acknowledged);
    }
  } finally {
    client.end();
  }
}
