import { createHash } from "node:crypto";
import type { MailService } from "./service.ts";
import { escapeXml, xmlDeclaration } from "./xml.ts";

type Value = string | number | boolean | Value[] | { readonly [key: string]: Value };

/**
 * A configuration profile for Apple's Mail on telephones and desktops (com.apple.mail.managed): a property list, not signed, without
 * a password, which the device asks for. `null`: there is no service to read and one to send with. The same address always gives the
 * same identifiers, so that a second download replaces the first.
 */
export function mobileconfig(address: string, services: readonly MailService[]): string | null {
  const incoming = services.find(({ protocol }) => protocol !== "submission");
  const outgoing = services.find(({ protocol }) => protocol === "submission");
  if (incoming === undefined || outgoing === undefined) return null;
  const identifier = `${outgoing.host.split(".").toReversed().join(".")}.mail`;
  const payload = {
    PayloadType: "com.apple.mail.managed",
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.account`,
    PayloadUUID: uuidOf(`account ${address}`),
    PayloadDisplayName: address,
    EmailAccountDescription: address,
    EmailAccountType: incoming.protocol === "imap" ? "EmailTypeIMAP" : "EmailTypePOP",
    EmailAddress: address,
    IncomingMailServerAuthentication: "EmailAuthPassword",
    IncomingMailServerHostName: incoming.host,
    IncomingMailServerPortNumber: incoming.port,
    // STARTTLS as well: the device chooses by the port.
    IncomingMailServerUseSSL: true,
    IncomingMailServerUsername: address,
    OutgoingMailServerAuthentication: "EmailAuthPassword",
    OutgoingMailServerHostName: outgoing.host,
    OutgoingMailServerPortNumber: outgoing.port,
    OutgoingMailServerUseSSL: true,
    OutgoingMailServerUsername: address,
    OutgoingPasswordSameAsIncomingPassword: true,
  };
  const profile = {
    PayloadType: "Configuration",
    PayloadVersion: 1,
    PayloadIdentifier: identifier,
    PayloadUUID: uuidOf(`profile ${address}`),
    PayloadDisplayName: `Mail for ${address}`,
    PayloadDescription: `Sets up ${address} in Mail. The password is asked for.`,
    PayloadRemovalDisallowed: false,
    PayloadContent: [payload],
  };
  return (
    `${xmlDeclaration}<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n` +
    `<plist version="1.0">\n${plist(profile)}</plist>\n`
  );
}

function plist(value: Value): string {
  if (typeof value === "string") return `<string>${escapeXml(value)}</string>\n`;
  if (typeof value === "number") return `<integer>${value}</integer>\n`;
  if (typeof value === "boolean") return `<${value}/>\n`;
  if (Array.isArray(value)) return `<array>\n${value.map(plist).join("")}</array>\n`;
  const entries = Object.entries(value).map(([key, one]) => `<key>${escapeXml(key)}</key>${plist(one)}`);
  return `<dict>\n${entries.join("")}</dict>\n`;
}

/** A name-based UUID (RFC 9562 §5.8, version 8: a hash of our choice). */
function uuidOf(name: string): string {
  const bytes = createHash("sha256").update(`gatepost mobileconfig ${name}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
    .join("-")
    .toUpperCase();
}
