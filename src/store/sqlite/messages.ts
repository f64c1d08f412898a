import type { Outcomes } from "./outcome.ts";
import type { Packed } from "./packed.ts";

/** What crosses between the main thread and a thread of the database. One batch is under way at a time. */
export type ToThread = { readonly do: "run"; readonly batch: Packed } | { readonly do: "close" };

export type FromThread =
  | { readonly say: "open" }
  | { readonly say: "not-open"; readonly problem: string }
  | { readonly say: "done"; readonly outcomes: Outcomes };

/** The writer owns the database and opens it first; the reader has a connection of its own, so that no read waits for a sync. */
export type ThreadData = { readonly role: "writer" | "reader"; readonly path: string };
