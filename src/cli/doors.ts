import type { AdminContext } from "../admin/context.ts";
import type { Config } from "../config/schema.ts";

/** What the command line cannot reach by itself: the composition root hands it in. */
export type Doors = {
  readonly serve: (config: Config, version: string) => Promise<number>;
  /** Opens the data folder of a server that does not run. `firstDomain`: ours, when there is no policy yet. */
  readonly openAtRest: (config: Config, firstDomain?: string) => Promise<OpenedAtRest>;
};

export type OpenedAtRest = { readonly context: AdminContext; readonly close: () => Promise<void> };
