import type { OctetText } from "../message/fields.ts";
import type { MediaType, Parameters } from "../message/media-type.ts";
import type { Part } from "../message/structure.ts";
import { formatEnvelope } from "./envelope.ts";
import { nstring } from "./strings.ts";

/** When the text of it is longer, the parts that follow are shown without what their fields say. */
const longest = 1024 * 1024;

/**
 * BODYSTRUCTURE with its extension data (RFC 9051 §7.5.2), as octets in latin1. No part beyond the bounds of `structure-reader.ts` is
 * in it, and it stays below a few megabytes whatever the headers hold.
 */
export function formatBodyStructure(message: Part): OctetText {
  return new Formatter().part(message);
}

class Formatter {
  /** Octets of the parts that are done. */
  #length = 0;

  part(part: Part): OctetText {
    const text = this.#length > longest || part.isOpaque ? opaque(part) : this.#formatted(part);
    if (part.holds === "octets") this.#length += text.length;
    return text;
  }

  #formatted(part: Part): OctetText {
    const { header, holds } = part;
    const { type, subtype, parameters } = header.mediaType;
    if (holds === "parts") {
      let parts = "";
      for (const one of part.parts) parts += this.part(one);
      return `(${parts} ${nstring(subtype)} ${formatParameters(parameters)} ${placement(part)})`;
    }
    const basic = `${nstring(type)} ${nstring(subtype)} ${formatParameters(parameters)} ${nstring(header.id)} ${nstring(
      header.description,
    )} ${nstring(header.encoding)} ${part.end - part.bodyStart}`;
    const more = holds === "message" ? this.#message(part) : type === "text" ? ` ${part.lines}` : "";
    return `(${basic}${more} ${nstring(header.md5)} ${placement(part)})`;
  }

  #message({ parts: [message], lines }: Part): OctetText {
    if (message === undefined) throw new Error("a message/rfc822 that holds no message");
    const envelope = formatEnvelope(message.header.envelope);
    this.#length += envelope.length;
    return ` ${envelope} ${this.part(message)} ${lines}`;
  }
}

/** What is not looked into cannot be shown as a multipart or a message: a client would expect their parts. */
function opaque({ header, bodyStart, end }: Part): OctetText {
  return `("application" "octet-stream" NIL NIL NIL ${nstring(header.encoding)} ${end - bodyStart} NIL NIL NIL NIL)`;
}

function placement({ header: { disposition, languages, location } }: Part): OctetText {
  return `${formatDisposition(disposition)} ${formatLanguages(languages)} ${nstring(location)}`;
}

function formatDisposition(disposition: MediaType | null): OctetText {
  return disposition === null ? "NIL" : `(${nstring(disposition.type)} ${formatParameters(disposition.parameters)})`;
}

function formatLanguages(languages: readonly OctetText[]): OctetText {
  return languages.length === 0 ? "NIL" : `(${languages.map(nstring).join(" ")})`;
}

function formatParameters(parameters: Parameters): OctetText {
  if (parameters.length === 0) return "NIL";
  return `(${parameters.map(([name, value]) => `${nstring(name)} ${nstring(value)}`).join(" ")})`;
}
