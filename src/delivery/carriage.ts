import { isAscii } from "../address/local-part.ts";
import { surveyEightBit, toSevenBit } from "../message/seven-bit.ts";
import type { ContentSource } from "../queue/entry.ts";
import type { Outgoing } from "./target.ts";

/** How one message goes to one host: which of its needs the host meets, and what was done about the others. */
export type Carriage = {
  readonly content: ContentSource;
  /** For SIZE=; `null`: known only when it has been sent. */
  readonly size: number | null;
  /** BODY=8BITMIME (RFC 6152 §2). */
  readonly isEightBit: boolean;
  /** SMTPUTF8 (RFC 6531 §3.4). */
  readonly usesUtf8: boolean;
  /** In the order of the recipients: why one cannot be offered to this host; `null`: it can. */
  readonly flaws: readonly (Flaw | null)[];
};

/** Why this host can never take it: RFC 3463 X.6.3, RFC 6531 §3.5. */
export type Flaw = { readonly status: "5.6.3" | "5.6.7"; readonly said: string };

const addressFlaw: Flaw = { status: "5.6.7", said: "the next hop does not take addresses beyond ASCII" };
const headerFlaw: Flaw = { status: "5.6.7", said: "the next hop does not take header fields beyond ASCII" };

/**
 * Parameters are sent only to hosts that offered them (O-21), and SMTPUTF8 only for a message that needs it: another host behind
 * this one may lack it. Domains are A-labels throughout, so only local parts and header fields ask for it.
 *
 * Deviation: RFC 6532 counts every 8-bit header. Where the client did not ask for SMTPUTF8 the octets are of no known character
 * set; such a message goes to any host with 8BITMIME as it came.
 */
export async function carriageFor(message: Outgoing, extensions: ReadonlySet<string>): Promise<Carriage | Flaw> {
  const { content } = message;
  const takesEightBit = extensions.has("8BITMIME");
  // RFC 6531 §3.1: who offers SMTPUTF8 offers 8BITMIME too.
  const takesUtf8 = takesEightBit && extensions.has("SMTPUTF8");
  const isSurveyed = message.smtpUtf8 || (message.body === "8BITMIME" && !takesEightBit);
  const survey = isSurveyed ? await surveyEightBit(content.stream()) : null;
  const flaws = message.recipients.map(({ forwardPath }) => (isAscii(forwardPath) ? null : addressFlaw));
  const isHeaderBeyond = message.smtpUtf8 && survey?.inHeader === true;
  if (!takesUtf8 && !isAscii(message.reversePath)) return addressFlaw;
  if (!takesUtf8 && isHeaderBeyond) return headerFlaw;
  const needsUtf8 = isHeaderBeyond || !isAscii(message.reversePath) || flaws.some((flaw) => flaw !== null);
  const carriage = {
    content,
    size: content.size,
    isEightBit: takesEightBit && message.body === "8BITMIME",
    usesUtf8: takesUtf8 && needsUtf8,
    flaws: takesUtf8 ? flaws.map(() => null) : flaws,
  };
  if (takesEightBit || survey === null || !survey.anywhere) return carriage;
  if (survey.obstacle !== null) {
    const said = `the next hop does not take 8-bit mail, and this message cannot be converted: ${survey.obstacle}`;
    return { status: "5.6.3", said };
  }
  return { ...carriage, content: converted(content, survey), size: null };
}

function converted(content: ContentSource, survey: Parameters<typeof toSevenBit>[1]): ContentSource {
  return {
    size: content.size,
    bytes: null,
    flaw: () => content.flaw(),
    stream: () => toSevenBit(content.stream(), survey),
  };
}
