import type { Command, NewMessage } from "../command.ts";
import type { Context } from "../context.ts";
import { hasUtf8Names } from "../enabled.ts";
import { flagsOf } from "../flags.ts";
import type { AppendedMessage, WrittenMessage } from "../mail.ts";
import type { Completion } from "../response.ts";
import { formatNumbers } from "../view.ts";
import { compose } from "./composition.ts";
import { targetRefusalOf } from "./refusals.ts";

type Append = Extract<Command, { readonly name: "APPEND" }>;

/** APPEND (RFC 9051 §6.3.12) of one message or more (RFC 3502): all of them or none. */
export async function append({ mailbox, messages }: Append, context: Context): Promise<Completion> {
  const { mail } = context;
  const written = writtenIn(messages);
  const status = await mail.status(mailbox);
  const ready = "refused" in status ? targetRefusalOf(status) : await prepareAll(messages, context);
  if ("status" in ready) {
    discard(written);
    return ready;
  }
  const appended = await mail.append(mailbox, ready);
  if ("refused" in appended) {
    discard([...unused(written, ready), ...ready.map(({ content }) => content)]);
    return targetRefusalOf(appended);
  }
  discard(unused(written, ready));
  // RFC 4315 §3: UIDVALIDITY of the mailbox first, then the UIDs (field case O-42).
  const code = `APPENDUID ${appended.uidValidity} ${formatNumbers(appended.uids)}`;
  return { status: "OK", code, text: "Appended" };
}

/** What the driver has written for this command: to be used or to be thrown away. */
export function writtenIn(messages: readonly NewMessage[]): WrittenMessage[] {
  return messages.flatMap(({ pieces }) =>
    pieces.flatMap((piece) =>
      "text" in piece && "elsewhere" in piece.text.octets ? [piece.text.octets.elsewhere] : [],
    ),
  );
}

/** What was only read: pieces of CATENATE, or a message that was kept in another encoding. */
export function unused(written: readonly WrittenMessage[], ready: readonly AppendedMessage[]): WrittenMessage[] {
  return written.filter((one) => !ready.some(({ content }) => content === one));
}

export function discard(written: readonly WrittenMessage[]): void {
  for (const one of written) one.discard();
}

/** All messages as the store takes them, or why one cannot be; then what was composed here is left to nobody. */
async function prepareAll(messages: readonly NewMessage[], context: Context): Promise<AppendedMessage[] | Completion> {
  const given = new Set(writtenIn(messages));
  const ready: AppendedMessage[] = [];
  for (const message of messages) {
    const one = await prepare(message, context);
    if ("status" in one) {
      discard(ready.map(({ content }) => content).filter((content) => !given.has(content)));
      return one;
    }
    ready.push(one);
  }
  return ready;
}

export async function prepare(message: NewMessage, context: Context): Promise<AppendedMessage | Completion> {
  // RFC 6855 §4: only who has enabled it may say so.
  if (message.isUtf8 && !hasUtf8Names(context.enabled)) {
    return { status: "BAD", text: "UTF8=ACCEPT has to be enabled first" };
  }
  const content = await compose(message, context);
  if ("status" in content) return content;
  return { flags: flagsOf(message.flags), internalDate: message.internalDate ?? context.now, content };
}
