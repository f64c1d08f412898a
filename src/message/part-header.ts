import { eachField, type OctetText, unfold } from "./fields.ts";
import { type MediaType, readDisposition, readEncodingWord, readMediaType } from "./media-type.ts";

/** What the fields of a part say about it (RFC 2045, RFC 2183, RFC 1864, RFC 3282, RFC 2557), and of a message its envelope. */
export type PartHeader = {
  /** As said, or what its place makes it (RFC 2045 §5.2, RFC 2046 §5.1.5). */
  readonly mediaType: MediaType;
  readonly id: OctetText | null;
  readonly description: OctetText | null;
  /** In lower case; "7bit" when nothing is said. */
  readonly encoding: string;
  readonly md5: OctetText | null;
  readonly disposition: MediaType | null;
  readonly languages: readonly OctetText[];
  readonly location: OctetText | null;
  readonly envelope: EnvelopeFields;
};

/** The fields of which ENVELOPE is made (RFC 9051 §7.5.2), unfolded; null: it is not there. */
export type EnvelopeFields = {
  date: OctetText | null;
  subject: OctetText | null;
  from: OctetText | null;
  sender: OctetText | null;
  replyTo: OctetText | null;
  to: OctetText | null;
  cc: OctetText | null;
  bcc: OctetText | null;
  inReplyTo: OctetText | null;
  messageId: OctetText | null;
};

/** RFC 2045 §5.2. */
export const plainText: MediaType = { type: "text", subtype: "plain", parameters: [["charset", "us-ascii"]] };
/** RFC 2046 §5.1.5: what a part of a multipart/digest is. */
export const rfc822: MediaType = { type: "message", subtype: "rfc822", parameters: [] };

const noLanguages: readonly string[] = [];

/** `usual`: what it is when it does not say. Of a field that comes twice the first counts; addresses are put together. */
export function readPartHeader(text: OctetText, usual: MediaType): PartHeader {
  let mediaType: MediaType | null = null;
  let id: string | null = null;
  let description: string | null = null;
  let encoding: string | null = null;
  let md5: string | null = null;
  let disposition: MediaType | null = null;
  let languages = noLanguages;
  let location: string | null = null;
  const envelope: EnvelopeFields = {
    date: null,
    subject: null,
    from: null,
    sender: null,
    replyTo: null,
    to: null,
    cc: null,
    bcc: null,
    inReplyTo: null,
    messageId: null,
  };
  eachField(text, (name, start, end) => {
    const value = () => unfold(text, start, end);
    switch (name) {
      case "content-type":
        // RFC 2045 §5.2: what cannot be read is plain text.
        mediaType ??= readMediaType(value()) ?? plainText;
        break;
      case "content-transfer-encoding":
        encoding ??= readEncodingWord(value());
        break;
      case "content-id":
        id ??= value();
        break;
      case "content-description":
        description ??= value();
        break;
      case "content-disposition":
        disposition ??= readDisposition(value());
        break;
      case "content-md5":
        md5 ??= value();
        break;
      case "content-language":
        if (languages.length === 0) languages = languagesIn(value());
        break;
      case "content-location":
        location ??= value();
        break;
      case "date":
        envelope.date ??= value();
        break;
      case "subject":
        envelope.subject ??= value();
        break;
      case "from":
        envelope.from = joined(envelope.from, value());
        break;
      case "sender":
        envelope.sender = joined(envelope.sender, value());
        break;
      case "reply-to":
        envelope.replyTo = joined(envelope.replyTo, value());
        break;
      case "to":
        envelope.to = joined(envelope.to, value());
        break;
      case "cc":
        envelope.cc = joined(envelope.cc, value());
        break;
      case "bcc":
        envelope.bcc = joined(envelope.bcc, value());
        break;
      case "in-reply-to":
        envelope.inReplyTo ??= value();
        break;
      case "message-id":
        envelope.messageId ??= value();
        break;
    }
  });
  return {
    mediaType: mediaType ?? usual,
    id,
    description,
    encoding: encoding === null || encoding === "" ? "7bit" : encoding,
    md5,
    disposition,
    languages,
    location,
    envelope,
  };
}

const joined = (before: string | null, value: string) => (before === null ? value : `${before}, ${value}`);

/** RFC 3282: tags between commas. */
const languagesIn = (value: string) =>
  value
    .replaceAll(/\([^()]*\)/g, "")
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
