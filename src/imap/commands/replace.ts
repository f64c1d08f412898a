import type { Command } from "../command.ts";
import type { Answer, SelectedContext } from "../context.ts";
import { formatNumbers } from "../view.ts";
import { discard, prepare, unused, writtenIn } from "./append.ts";
import { noSuchNumber, readOnly, targetRefusalOf } from "./refusals.ts";

/** REPLACE and UID REPLACE (RFC 8508): the new message in, the old one out, in one step. The session tells EXPUNGE and EXISTS. */
export async function* replace(command: Extract<Command, { name: "REPLACE" }>, context: SelectedContext): Answer {
  const { mailbox, view } = context.selected;
  const { number, byUid, message } = command;
  const written = writtenIn([message]);
  const uids = view.resolve([{ from: number, to: number }], { byUid });
  const uid = uids?.[0]?.first;
  const status = await context.mail.status(command.mailbox);
  if (mailbox.isReadOnly || uid === undefined || "refused" in status) {
    discard(written);
    if (uids === null) return noSuchNumber;
    if (mailbox.isReadOnly) return readOnly;
    return "refused" in status
      ? targetRefusalOf(status)
      : { status: "NO", code: "NONEXISTENT", text: "There is no such message" };
  }
  const ready = await prepare(message, context);
  if ("status" in ready) {
    discard(written);
    return ready;
  }
  const replaced = await mailbox.replace(uid, command.mailbox, ready);
  if ("refused" in replaced) {
    discard([...unused(written, [ready]), ready.content]);
    return targetRefusalOf(replaced);
  }
  discard(unused(written, [ready]));
  // RFC 8508 §3.3: untagged and before EXPUNGE, so that the client knows what took its place.
  yield `* OK [APPENDUID ${replaced.uidValidity} ${formatNumbers(replaced.uids)}] Replaced\r\n`;
  return { status: "OK", text: "Replaced" };
}
