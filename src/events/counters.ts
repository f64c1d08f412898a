import type { Event } from "./catalogue.ts";
import type { Emit } from "./emit.ts";

/** One counter: "recipients_refused" with the labels that tell its kinds apart. */
export type Count = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

export interface Counters {
  readonly emit: Emit;
  /** All counters, by name and labels. */
  snapshot(): readonly Count[];
}

/**
 * What a label may say comes from us (listener, rule, outcome), never a stranger's text; the ids of a policy's entries
 * are the administrator's, so even those are bounded: beyond it the label is "other".
 */
const kindsOfOneCounter = 200;

/** How many times what happened: the third reader of events. */
export function openCounters(): Counters {
  const families = new Map<string, Map<string, { labels: Readonly<Record<string, string>>; value: number }>>();
  const add = (name: string, labels: Readonly<Record<string, string>>, by: number) => {
    let family = families.get(name);
    if (family === undefined) families.set(name, (family = new Map()));
    let key = keyOf(labels);
    let counter = family.get(key);
    if (counter === undefined && family.size >= kindsOfOneCounter) {
      labels = Object.fromEntries(Object.keys(labels).map((label) => [label, "other"]));
      key = keyOf(labels);
      counter = family.get(key);
    }
    if (counter === undefined) family.set(key, { labels, value: by });
    else counter.value += by;
  };
  return {
    emit: (event) => count(event, add),
    snapshot: () =>
      [...families].flatMap(([name, family]) => [...family.values()].map((counter) => ({ name, ...counter }))),
  };
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  let key = "";
  for (const label in labels) key += `${labels[label]}\u0000`;
  return key;
}

type Add = (name: string, labels: Readonly<Record<string, string>>, by: number) => void;

const none = {} as const;

function count(event: Event, add: Add): void {
  switch (event.name) {
    case "session-opened":
      return add("sessions_opened", { listener: event.listener }, 1);
    case "session-refused":
      return add("sessions_refused", { listener: event.listener }, 1);
    case "session-closed":
      return add("sessions_closed", { listener: event.listener, reason: event.reason }, 1);
    case "tls-failed":
      return add("tls_failed", none, 1);
    case "secret-exposed":
      return add("secrets_exposed", { listener: event.listener }, 1);
    case "login-accepted":
      return add("logins_accepted", none, 1);
    case "login-refused":
      return add("logins_refused", none, 1);
    case "recipient-refused":
      return add("recipients_refused", { listener: event.listener, rule: event.rule }, 1);
    case "message-accepted":
      add("messages_accepted", none, 1);
      add("recipients_accepted", none, event.recipients);
      return add("octets_accepted", none, event.size);
    case "message-refused":
      return add("messages_refused", { code: String(event.code) }, 1);
    case "recipient-finished":
      return add("recipients_finished", { outcome: event.outcome }, 1);
    case "recipient-deferred":
      return add("recipients_deferred", none, 1);
    case "spoken-to-in-clear":
      return add("hosts_spoken_to_in_clear", none, 1);
    case "recipient-set-aside":
      return add("recipients_set_aside", none, 1);
    case "report-composed":
      return add("reports_composed", { kind: event.kind }, 1);
    case "policy-applied":
      return add("policies_applied", none, 1);
    case "trouble":
      return add("troubles", none, 1);
    case "server-started":
    case "server-stopped":
    case "certificate-loaded":
    case "contents-swept":
      return;
    default:
      event satisfies never;
  }
}
