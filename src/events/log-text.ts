import { styleText } from "node:util";
import type { Event } from "./catalogue.ts";
import { shortened } from "./escape.ts";

/** One line for people: "05:12:09 refused  alice@other.test → bob@third.test (relay-denied, REF 4000001) from 203.0.113.9". */
export function textLine(event: Event, now: number): string {
  const time = new Date(now).toTimeString().slice(0, 8);
  return `${styleText("dim", time, always)} ${sentence(event)}\n`;
}

/** Whether there is a terminal was decided before. */
const always = { validateStream: false } as const;

function sentence(event: Event): string {
  switch (event.name) {
    case "server-started":
      return `${good("started")}  Gatepost ${event.version}, listening: ${event.listeners.join(", ")}`;
    case "server-stopped":
      return `${quiet("stopped")}  ${said(event.reason)}`;
    case "session-opened":
      return `${quiet("opened")}   ${event.listener} from ${said(event.client)} ${session(event)}`;
    case "session-refused":
      return `${bad("refused")}  a connection to ${event.listener} from ${said(event.client)}: ${said(event.reason)}`;
    case "session-closed":
      return `${quiet("closed")}   ${event.listener} from ${said(event.client)}: ${event.reason} ${session(event)}`;
    case "tls-failed":
      return `${bad("no TLS")}   with ${said(event.client)}: ${said(event.reason)} ${session(event)}`;
    case "secret-exposed":
      return `${bad("exposed")}  ${said(event.client)} sent a password in clear to ${event.listener}: it should be changed ${session(event)}`;
    case "login-accepted":
      return `${quiet("login")}    ${said(event.account)} from ${said(event.client)} ${session(event)}`;
    case "login-refused":
      return `${bad("no login")} from ${said(event.client)}: ${said(event.reason)} ${session(event)}`;
    case "recipient-refused":
      return `${bad("refused")}  ${path(event.reversePath)} → ${path(event.forwardPath)} (${said(event.rule)}, REF ${event.ref}) from ${said(event.client)}`;
    case "message-accepted":
      return `${good("accepted")} ${event.message}: ${path(event.reversePath)}, ${count(event.recipients, "recipient")}, ${count(event.size, "octet")}, from ${said(event.client)}${event.account === null ? "" : ` as ${said(event.account)}`}`;
    case "message-refused":
      return `${bad("refused")}  a message of ${path(event.reversePath)} from ${said(event.client)}: ${event.code} ${said(event.reason)}`;
    case "recipient-finished":
      return `${event.outcome === "delivered" ? good("finished") : bad("finished")} ${event.message}: ${path(event.forwardPath)} ${event.outcome}${at(event.host)}${event.said === null ? "" : `: ${said(event.said)}`}`;
    case "recipient-deferred":
      return `${quiet("waiting")}  ${event.message}: ${path(event.forwardPath)} until ${new Date(event.nextAt).toTimeString().slice(0, 8)}${at(event.host)}: ${said(event.said)}`;
    case "spoken-to-in-clear":
      return `${bad("in clear")} with ${said(event.host)} until ${new Date(event.until).toTimeString().slice(0, 8)}: ${said(event.reason)}`;
    case "recipient-set-aside":
      return `${bad("damaged")}  ${event.message}: ${path(event.forwardPath)} is set aside: ${said(event.reason)}`;
    case "contents-swept":
      return `${quiet("swept")}    ${count(event.quarantined, "file")} without a message put into quarantine, ${event.deleted} deleted after a week there`;
    case "report-composed":
      return `${quiet("report")}   ${event.message} about ${event.about}: ${event.kind}`;
    case "policy-applied":
      return `${good("policy")}   version ${event.version} by ${said(event.who)}: ${said(event.why)}`;
    case "certificate-loaded":
      return `${quiet("TLS")}      certificate of ${said(event.subject)}, until ${said(event.until)}`;
    case "trouble":
      return `${bad("trouble")}  ${said(event.doing)}: ${said(event.problem)}`;
    default:
      return event satisfies never;
  }
}

const said = shortened;

const good = (word: string) => styleText("green", word, always);
const bad = (word: string) => styleText("red", word, always);
const quiet = (word: string) => styleText("dim", word, always);

function path(address: string): string {
  return `<${said(address)}>`;
}

function at(host: string | null): string {
  return host === null ? "" : ` at ${said(host)}`;
}

function session(event: { readonly session: string }): string {
  return quiet(`[${event.session}]`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
