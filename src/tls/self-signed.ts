// @peculiar/x509 throws at import unless reflect-metadata came first, and does not depend on it.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const yearMs = 365 * 24 * 3600 * 1000;

/** A self-signed EC P-256 certificate for `hostname` and loopback, valid for ten years from `now` (ms), with its key, both PEM. */
export async function selfSigned(
  hostname: string,
  now: number,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const { subtle } = webcrypto;
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const names: x509.JsonGeneralNames = [{ type: "dns", value: hostname }];
  if (hostname !== "localhost") names.push({ type: "dns", value: "localhost" });
  names.push({ type: "ip", value: "127.0.0.1" }, { type: "ip", value: "::1" });
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString("hex")}`,
    name: `CN=${hostname}`,
    // A day back, for clients whose clocks are behind.
    notBefore: new Date(now - 24 * 3600 * 1000),
    notAfter: new Date(now + 10 * yearMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension(names),
    ],
  });
  const pkcs8 = Buffer.from(await subtle.exportKey("pkcs8", keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${(pkcs8.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END PRIVATE KEY-----\n`;
  return { certificate: `${certificate.toString("pem")}\n`, key };
}
