import type { MailService } from "./service.ts";
import { escapeXml, xmlDeclaration } from "./xml.ts";

/**
 * What Thunderbird, K-9, Evolution and others read at http://autoconfig.DOMAIN/mail/config-v1.1.xml (Mozilla's format 1.1). The
 * login is the whole address, which the program fills in.
 */
export function autoconfig(domain: string, services: readonly MailService[]): string {
  const name = escapeXml(domain);
  return (
    `${xmlDeclaration}<clientConfig version="1.1">\n` +
    `  <emailProvider id="${name}">\n    <domain>${name}</domain>\n` +
    `    <displayName>${name}</displayName>\n    <displayShortName>${name}</displayShortName>\n` +
    `${services.map(server).join("")}  </emailProvider>\n</clientConfig>\n`
  );
}

function server({ protocol, host, port, tls }: MailService): string {
  const isOut = protocol === "submission";
  const tag = isOut ? "outgoingServer" : "incomingServer";
  return (
    `    <${tag} type="${isOut ? "smtp" : protocol}">\n` +
    `      <hostname>${escapeXml(host)}</hostname>\n      <port>${port}</port>\n` +
    `      <socketType>${tls === "implicit" ? "SSL" : "STARTTLS"}</socketType>\n` +
    // Inside TLS: what every program can do, and what argon2id hashes allow.
    `      <authentication>password-cleartext</authentication>\n` +
    `      <username>%EMAILADDRESS%</username>\n    </${tag}>\n`
  );
}
