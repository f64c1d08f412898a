import { digestOf } from "../imap/digest.ts";
import type { MessageRow } from "../imap/mail.ts";
import { previewOf } from "../message/preview.ts";
import { readStructure } from "../message/source.ts";
import type { StructureReader } from "../message/structure-reader.ts";
import { ContentDamaged } from "../store/content-source.ts";
import type { WantedColumns } from "../store/message-rows.ts";
import type { Statement } from "../store/store.ts";
import { keepStructure, type KnownStructure, readContentRow } from "../store/structures.ts";
import { contentOf } from "./message-content.ts";
import type { MailboxContext } from "./surroundings.ts";

type Parts = Pick<MailboxContext, "store" | "contents">;

/** What a reader found while a content came in, to be committed with it. The preview is made when somebody asks for it. */
export function structureRead(contentId: number, reader: StructureReader): Statement {
  return keepStructure(contentId, { ...digestOf(reader.finish()), preview: null });
}

/** Of rows whose content nobody has looked at yet, or not for a preview: looks now, and keeps what it sees for the next time. */
export async function completed(
  rows: readonly MessageRow[],
  wanted: WantedColumns,
  parts: Parts,
): Promise<readonly MessageRow[]> {
  if (!rows.some((row) => lacks(row, wanted))) return rows;
  const complete: MessageRow[] = [];
  for (const row of rows) {
    const known = lacks(row, wanted) ? await look(row.contentId, wanted, parts) : null;
    // Nobody waits for it: what is not kept, because the message went meanwhile, is looked at again if it is there.
    if (known !== null) parts.store.commit([keepStructure(row.contentId, known)], "soon").catch(() => {});
    complete.push(known === null ? row : { ...row, ...shown(known, wanted) });
  }
  return complete;
}

function lacks(row: MessageRow, { envelope, structure, parts, preview }: WantedColumns): boolean {
  return (
    (envelope && row.envelope === null) ||
    (structure && row.structure === null) ||
    (parts && row.parts === null) ||
    (preview && row.preview === null)
  );
}

/** null: the content is gone, or its octets are. */
async function look(
  contentId: number,
  { preview }: WantedColumns,
  { store, contents }: Parts,
): Promise<KnownStructure | null> {
  const [row] = await store.read(readContentRow(contentId));
  const content = row === undefined ? null : contentOf(row, contents);
  if (content === null) return null;
  try {
    const message = await readStructure(content);
    return { ...digestOf(message), preview: preview ? await previewOf(content, message) : null };
  } catch (error) {
    if (error instanceof ContentDamaged) return null;
    throw error;
  }
}

function shown(known: KnownStructure, wanted: WantedColumns): Partial<MessageRow> {
  return {
    ...(wanted.envelope ? { envelope: known.envelope } : {}),
    ...(wanted.structure ? { structure: known.structure } : {}),
    ...(wanted.parts ? { parts: known.parts } : {}),
    ...(wanted.preview ? { preview: known.preview } : {}),
  };
}
