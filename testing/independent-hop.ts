import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { selfSigned } from "../src/tls/self-signed.ts";

export type Taken = { readonly from: string; readonly to: readonly string[]; readonly content: string };

export type HopOptions = {
  /** It wants a login, as "us" with "secret". */
  readonly login?: boolean;
  /** Further options of that server: "hide8BITMIME: true". */
  readonly server?: SMTPServerOptions;
};

/** A next hop by another implementation, which refuses `gone@`, defers `later@`, and takes the rest. */
export async function independentHop(t: TestContext, options: HopOptions = {}) {
  const taken: Taken[] = [];
  const { certificate, key } = await selfSigned("localhost", Date.now());
  const server = new SMTPServer({
    cert: certificate,
    key,
    authOptional: options.login !== true,
    closeTimeout: 100,
    ...options.server,
    onAuth: ({ username, password }, _session, done) =>
      username === "us" && password === "secret" ? done(null, { user: "us" }) : done(new Error("no")),
    onRcptTo({ address }, _session, done) {
      if (address.startsWith("gone@")) return done(Object.assign(new Error("no such user"), { responseCode: 550 }));
      if (address.startsWith("later@")) return done(Object.assign(new Error("come back"), { responseCode: 450 }));
      return done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          content: Buffer.concat(chunks).toString("latin1"),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => new Promise<void>((resolve) => server.close(resolve)));
  return { taken, port: (server.server.address() as AddressInfo).port };
}
