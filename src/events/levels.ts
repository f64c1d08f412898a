import type { Event } from "./catalogue.ts";

export type Level = "debug" | "info" | "warn" | "error";

/** How loud each event is. At the default level: what became of mail, and what an administrator should know. */
export const levelOf = {
  "server-started": "info",
  "server-stopped": "info",
  "session-opened": "debug",
  "session-refused": "warn",
  "session-closed": "debug",
  "tls-failed": "info",
  "secret-exposed": "warn",
  "login-accepted": "debug",
  "login-refused": "info",
  "recipient-refused": "info",
  "message-accepted": "info",
  "message-refused": "info",
  "recipient-finished": "info",
  "recipient-deferred": "info",
  "spoken-to-in-clear": "warn",
  "recipient-set-aside": "error",
  "contents-swept": "warn",
  "report-composed": "info",
  "policy-applied": "info",
  "certificate-loaded": "info",
  trouble: "error",
} as const satisfies Record<Event["name"], Level>;

const order = { debug: 0, info: 1, warn: 2, error: 3 } as const satisfies Record<Level, number>;

/** The names of the events that are written at this level. */
export function eventsAt(level: Level): ReadonlySet<string> {
  return new Set(
    Object.entries(levelOf)
      .filter(([, its]) => order[its] >= order[level])
      .map(([name]) => name),
  );
}
