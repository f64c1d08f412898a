import type { NewMessage } from "../command.ts";
import type { Context } from "../context.ts";
import type { WrittenMessage } from "../mail.ts";
import type { Completion } from "../response.ts";

/** The one content that the pieces of a message make, or why they make none. */
export async function compose(message: NewMessage, { mail }: Context): Promise<WrittenMessage | Completion> {
  const [only, ...more] = message.pieces;
  if (only !== undefined && more.length === 0 && "text" in only) {
    const { octets } = only.text;
    if ("elsewhere" in octets) return octets.elsewhere;
    const writer = mail.write();
    writer.write(octets);
    return writer.finish();
  }
  return { status: "NO", code: "CANNOT", text: "Messages cannot be put together here" };
}
