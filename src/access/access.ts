import { type AccessKind, type AccessListener, givesMail } from "../config/schema.ts";
import type { Door } from "../net/listener.ts";
import { type Listeners, openListeners } from "../net/listeners.ts";
import type { AccessContext } from "./access-context.ts";
import { imapDoors } from "./imap-door.ts";
import { pop3Doors } from "./pop3-door.ts";

/** All listeners of the boot file where accounts read their mail. */
export type Access = Listeners;

export function openAccess(context: AccessContext): Promise<Access> {
  const { config, account, clock, emit } = context;
  const doorOf: Readonly<Record<AccessKind, (listener: AccessListener) => Door<AccessKind>>> = {
    pop3: pop3Doors(context),
    imap: imapDoors(context),
  };
  return openListeners(
    config.listeners.filter(givesMail).map((listener) => doorOf[listener.kind](listener)),
    { limits: config.access, account, clock, emit, prefix: "a" },
  );
}
