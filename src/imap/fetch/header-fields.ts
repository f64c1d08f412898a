import { eachField } from "../../message/fields.ts";

/**
 * The fields of a header that are named (`HEADER.FIELDS`) or are not (`HEADER.FIELDS.NOT`), as they stand, in the order of the message, and
 * an empty line (RFC 9051 §6.4.5.1; field case O-38). `names` in lower case.
 */
export function selectFields(
  header: Buffer,
  names: ReadonlySet<string>,
  which: "HEADER.FIELDS" | "HEADER.FIELDS.NOT",
): Buffer {
  const text = header.toString("latin1");
  const wanted = which === "HEADER.FIELDS";
  let selected = "";
  eachField(text, (name, valueStart, end) => {
    if (names.has(name) === wanted) selected += text.slice(text.lastIndexOf("\n", valueStart - 1) + 1, end + 1);
  });
  // A field may end where a header that was cut ends.
  if (selected !== "" && !selected.endsWith("\n")) selected += "\r\n";
  return Buffer.from(`${selected}\r\n`, "latin1");
}
