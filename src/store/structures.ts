import type { Statement, Query } from "./store.ts";

/** Statements of `structure`. */

export type KnownStructure = {
  readonly envelope: Uint8Array;
  readonly structure: Uint8Array;
  readonly parts: string;
  /** null: nobody has made it yet. */
  readonly preview: string | null;
};

/** In the unit that keeps the content, or later; fails as a unit when the content is gone. */
export function keepStructure(contentId: number, known: KnownStructure): Statement {
  return {
    sql:
      "INSERT INTO structure (content_id, envelope, structure, parts, preview) VALUES (?, ?, ?, ?, ?) " +
      "ON CONFLICT (content_id) DO UPDATE SET preview = COALESCE(excluded.preview, structure.preview)",
    parameters: [contentId, known.envelope, known.structure, known.parts, known.preview],
  };
}

/** The row of a content, for who reads it again. */
export function readContentRow(contentId: number): Query {
  return {
    sql: "SELECT '' AS prefix, size AS content_size, inline, file FROM content WHERE id = ?",
    parameters: [contentId],
  };
}
