import { readFile } from "node:fs/promises";
import { connect as connectInClear, isIP } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Client } from "ldapts";
import type { LdapConnection } from "./directory.ts";

export type LdapServer = {
  /** ldap:// or ldaps://, with a host and perhaps a port. */
  readonly url: string;
  /** Of an ldap:// connection (RFC 4511 §4.14); ldaps:// begins with TLS. */
  readonly tls: "starttls" | "none";
  /** File with the certificates that are trusted instead of the machine's, PEM. */
  readonly ca?: string | undefined;
  readonly base: string;
  /** Absent: anonymous. */
  readonly bindDn?: string | undefined;
  readonly passwordFile?: string | undefined;
  /** For the connection, and for each answer. */
  readonly timeout: number;
};

/** Opens a connection, secures it and logs in. The library is loaded when a directory is asked for the first time. */
export async function openLdap(server: LdapServer): Promise<LdapConnection> {
  const { Client: LdapClient } = await import("ldapts");
  const { url, base, timeout } = server;
  const tlsOptions = await tlsOptionsOf(server);
  const client = new LdapClient({
    url,
    timeout,
    connectTimeout: timeout,
    // With options the library begins with TLS, whatever the address says.
    ...(url.startsWith("ldaps:") ? { tlsOptions } : {}),
    createConnection: once(connectInClear),
    createSecureConnection: once(((...args: Parameters<typeof connectTls>) => {
      const socket = connectTls(...args);
      socket.setTimeout(timeout, () => socket.destroy(new Error("the TLS handshake took too long")));
      socket.once("secureConnect", () => socket.setTimeout(0));
      return socket;
    }) as typeof connectTls),
  });
  try {
    if (url.startsWith("ldap:") && server.tls === "starttls") await client.startTLS(tlsOptions);
    await logIn(client, server);
  } catch (error) {
    close(client);
    throw error;
  }
  return {
    get isOpen() {
      return client.isConnected;
    },
    async search(filter) {
      const { searchEntries, searchReferences } = await client.search(base, {
        scope: "sub",
        filter,
        sizeLimit: 1,
        attributes: ["1.1"],
      });
      return { entries: searchEntries.length, referrals: searchReferences.length };
    },
    close: () => close(client),
  };
}

async function logIn(client: Client, { bindDn, passwordFile }: LdapServer): Promise<void> {
  if (bindDn === undefined || passwordFile === undefined) return;
  const password = (await readFile(passwordFile, "utf8")).replace(/\r?\n$/, "");
  // A name with an empty password would log in as nobody (RFC 4513 §5.1.2).
  if (password === "") throw new Error("the password file is empty");
  await client.bind(bindDn, password);
}

async function tlsOptionsOf({ url, ca }: LdapServer): Promise<ConnectionOptions> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  return {
    host,
    minVersion: "TLSv1.2",
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca: await readFile(ca, "utf8") }),
  };
}

function close(client: Client): void {
  client.unbind().catch(() => {});
}

/** The library would open a lost connection again by itself, in clear and without a login. */
function once<F extends (...args: never[]) => unknown>(connect: F): F {
  let isUsed = false;
  return ((...args: Parameters<F>) => {
    if (isUsed) throw new Error("the connection was lost");
    isUsed = true;
    return connect(...args);
  }) as F;
}
