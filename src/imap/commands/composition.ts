import { surveyEightBit, toSevenBit } from "../../message/seven-bit.ts";
import type { Literal, NewMessage } from "../command.ts";
import type { Context } from "../context.ts";
import { octetsFor } from "../fetch/body-items.ts";
import { FetchedMessage } from "../fetch/message.ts";
import type { MessageContent, WrittenMessage } from "../mail.ts";
import { parseMessageUrl } from "../message-url.ts";
import type { Completion } from "../response.ts";

/** Octets from one place up to another, to be read when it is their turn. */
type Source = { readonly of: Pick<MessageContent, "stream">; readonly from: number; readonly to: number };

/**
 * The one content that a message of APPEND consists of, or why there is none. What was written of its pieces stays the caller's
 * unless it is the content that is returned.
 */
export async function compose(message: NewMessage, context: Context): Promise<WrittenMessage | Completion> {
  const [only, ...more] = message.pieces;
  if (!message.isCatenated && only !== undefined && more.length === 0 && "text" in only) {
    return fromLiteral(only.text, context);
  }
  const sources: Source[] = [];
  for (const piece of message.pieces) {
    const source = "text" in piece ? sourceOf(piece.text) : await resolve(piece.url, context);
    if ("status" in source) return source;
    sources.push(source);
  }
  const size = sources.reduce((sum, { from, to }) => sum + to - from, 0);
  if (size > context.mail.appendLimit) {
    return { status: "NO", code: "TOOBIG", text: `More than ${context.mail.appendLimit} octets are not taken` };
  }
  return write(context, joined(sources));
}

async function fromLiteral({ octets, isBinary }: Literal, context: Context): Promise<WrittenMessage | Completion> {
  const given = "elsewhere" in octets ? octets.elsewhere : await write(context, joined([bufferSource(octets)]));
  if (!isBinary || !(await hasNul(given))) return given;
  const isOwn = !("elsewhere" in octets);
  // RFC 3516 §4.4: what holds NUL is kept in an encoding that every client can be given.
  const all = { from: 0, to: given.size };
  const survey = await surveyEightBit(given.stream(all), { nulToo: true });
  if (survey.obstacle !== null) {
    if (isOwn) given.discard();
    return { status: "NO", code: "UNKNOWN-CTE", text: `This cannot be kept: ${survey.obstacle}` };
  }
  const encoded = await write(context, toSevenBit(given.stream(all), survey));
  if (isOwn) given.discard();
  return encoded;
}

async function write({ mail }: Context, octets: AsyncIterable<Uint8Array>): Promise<WrittenMessage> {
  const writer = mail.write();
  try {
    for await (const chunk of octets) {
      writer.write(chunk);
      if (writer.isFull) await writer.drained();
    }
    return await writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
}

async function* joined(sources: readonly Source[]): AsyncGenerator<Uint8Array> {
  for (const { of, from, to } of sources) if (to > from) yield* of.stream({ from, to });
}

async function hasNul(content: MessageContent): Promise<boolean> {
  if (content.bytes !== null) return content.bytes.includes(0);
  for await (const chunk of content.stream({ from: 0, to: content.size })) if (chunk.includes(0)) return true;
  return false;
}

function sourceOf({ octets }: Literal): Source {
  return "elsewhere" in octets ? { of: octets.elsewhere, from: 0, to: octets.elsewhere.size } : bufferSource(octets);
}

function bufferSource(octets: Buffer): Source {
  const of = {
    async *stream({ from, to }: { readonly from: number; readonly to: number }) {
      yield octets.subarray(from, to);
    },
  };
  return { of, from: 0, to: octets.length };
}

/** The octets that a URL names (RFC 4469 §3): of a message in the same account. */
async function resolve(url: string, { mail }: Context): Promise<Source | Completion> {
  // RFC 4469 §5: the code holds the URL, without what would end it.
  const bad: Completion = {
    status: "NO",
    code: `BADURL ${url.replace(/[\r\n\]\\]/g, "")}`,
    text: "There is no such text",
  };
  const parsed = parseMessageUrl(url);
  if (parsed === null) return bad;
  const { mailbox: name, uidValidity, uid, section, partial } = parsed;
  const mailbox = await mail.open(name, "read-only");
  if ("refused" in mailbox) return bad;
  try {
    if (uidValidity !== null && uidValidity !== mailbox.opened.uidValidity) return bad;
    for await (const [row] of mailbox.rows([{ first: uid, last: uid }], { parts: true })) {
      const content = row === undefined ? null : await mailbox.content(uid);
      if (row === undefined || content === null) return bad;
      const message = await FetchedMessage.of(row, content, { needsSurrogate: false, needsDigest: false });
      const octets = await octetsFor({ item: "BODY[]", peek: true, section, partial }, message);
      return octets === null || octets === "unknown encoding" ? bad : { of: octets.of, ...octets.range };
    }
    return bad;
  } finally {
    mailbox.close();
  }
}
