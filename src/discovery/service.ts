/** A place where a mail program connects, as it is told to people and to their programs. */
export type MailService = {
  readonly protocol: "imap" | "pop3" | "submission";
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "starttls";
};

type Listener = { readonly kind: string; readonly port: number; readonly tls: "none" | "starttls" | "implicit" };

const protocols = ["imap", "pop3", "submission"] as const;

/**
 * What accounts can use, in the order in which it is recommended: IMAP before POP3, TLS from the first octet before STARTTLS
 * (RFC 8314 §3.3). A listener without TLS is told to nobody.
 */
export function servicesOf(host: string, listeners: readonly Listener[]): readonly MailService[] {
  return protocols.flatMap((protocol) =>
    (["implicit", "starttls"] as const).flatMap((tls) =>
      listeners
        .filter((listener) => listener.kind === protocol && listener.tls === tls)
        .map(({ port }) => ({ protocol, host, port, tls })),
    ),
  );
}
