import type { Event } from "./catalogue.ts";

/** Readers (log, journal, counters) are joined by `server.ts` into one `Emit`; whoever emits knows none of them. */
export type Emit = (event: Event) => void;
