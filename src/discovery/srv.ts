import type { MailService } from "./service.ts";

const labels = {
  imap: { implicit: "imaps", starttls: "imap" },
  pop3: { implicit: "pop3s", starttls: "pop3" },
  submission: { implicit: "submissions", starttls: "submission" },
} as const;

/**
 * The SRV records by which a mail program finds the services of a domain (RFC 6186 §3, RFC 8314 §5.1), as lines of a zone file.
 * Lower priorities first: as recommended by `servicesOf`. What is not offered is said to be absent (RFC 6186 §3.4).
 */
export function srvRecords(domain: string, services: readonly MailService[]): readonly string[] {
  return Object.entries(labels).flatMap(([protocol, names]) =>
    Object.entries(names).map(([tls, label]) => {
      const service = services.find((one) => one.protocol === protocol && one.tls === tls);
      const name = `_${label}._tcp.${domain}.`;
      if (service === undefined) return `${name} SRV 0 0 0 .`;
      const priority = (protocol === "pop3" ? 10 : 0) + (tls === "implicit" ? 0 : 5);
      return `${name} SRV ${priority} 1 ${service.port} ${service.host}.`;
    }),
  );
}
