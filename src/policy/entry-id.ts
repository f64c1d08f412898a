import type { Fields } from "./fields.ts";
import { quote } from "./problems.ts";

/** The ids of one document: each names one entry, over all its lists. */
export type Ids = Set<string>;

/** Takes an id for an entry, or reports that it is none or that another entry has it. */
export function claimId(id: string, fields: Fields, ids: Ids): void {
  if (ids.has(id)) fields.complain("id", `${quote(id)} is the id of another entry already`);
  ids.add(id);
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,62}$/u.test(id)) {
    fields.complain("id", `${quote(id)} is no id: letters, digits, dots, hyphens and underscores, at most 63`);
  }
}
