import type { MailService } from "./service.ts";
import { escapeXml, xmlDeclaration } from "./xml.ts";

const response = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
const outlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";

/** What Outlook posts to /autodiscover/autodiscover.xml. */
export type AutodiscoverRequest = { readonly address: string; readonly schema: string };

/** null: no request that can be read. Only two elements matter, so no parser of XML is asked: nothing in it can expand. */
export function parseAutodiscover(body: string): AutodiscoverRequest | null {
  const address = elementText(body, "EMailAddress");
  return address === null ? null : { address, schema: elementText(body, "AcceptableResponseSchema") ?? outlook };
}

function elementText(body: string, name: string): string | null {
  const found = new RegExp(`<(?:[A-Za-z0-9]{1,20}:)?${name}>([^<]{1,500})</`).exec(body)?.[1]?.trim();
  if (found === undefined || found === "") return null;
  return found.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => plain[entity] ?? "");
}

const plain: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const types = { imap: "IMAP", pop3: "POP3", submission: "SMTP" } as const;

/** Settings in Outlook's own ("POX") format; other schemas (a telephone's ActiveSync) get error 601: there is no such provider here. */
export function autodiscover({ address, schema }: AutodiscoverRequest, services: readonly MailService[]): string {
  if (schema !== outlook) return refusal(601, "The provider is not available");
  return (
    `${xmlDeclaration}<Autodiscover xmlns="${response}">\n  <Response xmlns="${outlook}">\n` +
    `    <User>\n      <DisplayName>${escapeXml(address)}</DisplayName>\n    </User>\n` +
    `    <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n` +
    // One of each: the first that stands there is taken.
    `${onePerProtocol(services)
      .map((service) => protocol(service, address))
      .join("")}    </Account>\n` +
    `  </Response>\n</Autodiscover>\n`
  );
}

function onePerProtocol(services: readonly MailService[]): MailService[] {
  return services.filter(
    (service, index) => services.findIndex((other) => other.protocol === service.protocol) === index,
  );
}

function protocol({ protocol: kind, host, port, tls }: MailService, address: string): string {
  return (
    `      <Protocol>\n        <Type>${types[kind]}</Type>\n` +
    `        <Server>${escapeXml(host)}</Server>\n        <Port>${port}</Port>\n` +
    `        <LoginName>${escapeXml(address)}</LoginName>\n        <DomainRequired>off</DomainRequired>\n` +
    `        <SPA>off</SPA>\n        <SSL>on</SSL>\n` +
    `        <Encryption>${tls === "implicit" ? "SSL" : "TLS"}</Encryption>\n        <AuthRequired>on</AuthRequired>\n` +
    // "Use same settings as my incoming mail server."
    (kind === "submission" ? `        <UsePOPAuth>on</UsePOPAuth>\n        <SMTPLast>off</SMTPLast>\n` : "") +
    `      </Protocol>\n`
  );
}

export function refusal(code: 500 | 600 | 601, message: string): string {
  return (
    `${xmlDeclaration}<Autodiscover xmlns="${response}">\n  <Response>\n` +
    `    <Error Time="00:00:00.0000000" Id="1">\n      <ErrorCode>${code}</ErrorCode>\n` +
    `      <Message>${escapeXml(message)}</Message>\n      <DebugData/>\n    </Error>\n  </Response>\n</Autodiscover>\n`
  );
}
