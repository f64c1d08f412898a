import { X509Certificate } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Emit } from "../events/emit.ts";
import { writeWholeFile } from "../store/whole-file.ts";
import type { Clock, Timer } from "../time/clock.ts";

/** The certificate in use; replaced while running when its files change. */
export interface Certificates {
  /** For the next handshake; handshakes under way keep the one they began with. */
  current(): SecureContext;
  /** PEM of the certificate in use, for `check` and for tests that pin it. */
  pem(): string;
  close(): void;
}

export type CertificateFiles = { readonly certificate: string; readonly key: string };

type Loaded = { readonly context: SecureContext; readonly pem: string; readonly stamp: string };

const reloadEveryMs = 10_000;

/**
 * Reads certificate and key from `files`, or makes a self-signed pair in `folder` on first start.
 * Throws when the first reading fails; a later one that fails keeps the certificate in use and emits `trouble`.
 */
export async function openCertificates(options: {
  readonly files: CertificateFiles | null;
  readonly folder: string;
  readonly hostname: string;
  readonly clock: Clock;
  readonly emit: Emit;
}): Promise<Certificates> {
  const { clock, emit } = options;
  const files = options.files ?? (await selfSignedFiles(options.folder, options.hostname, clock));
  let loaded = await load(files, emit);
  let timer: Timer | null = null;
  let isClosed = false;

  const reload = async () => {
    try {
      if ((await stampOf(files)) !== loaded.stamp) loaded = await load(files, emit);
    } catch (error) {
      // Certificate and key are two files: a renewal seen half done is read again at the next look.
      emit({ name: "trouble", doing: `reloading the certificate ${files.certificate}`, problem: String(error) });
    }
    if (!isClosed) timer = clock.after(reloadEveryMs, () => void reload());
  };
  timer = clock.after(reloadEveryMs, () => void reload());

  return {
    current: () => loaded.context,
    pem: () => loaded.pem,
    close() {
      isClosed = true;
      timer?.cancel();
    },
  };
}

async function load(files: CertificateFiles, emit: Emit): Promise<Loaded> {
  const stamp = await stampOf(files);
  const pem = await readFile(files.certificate, "utf8");
  const key = await readFile(files.key, "utf8");
  const certificate = new X509Certificate(pem);
  const context = createSecureContext({ cert: pem, key, minVersion: "TLSv1.2", honorCipherOrder: true });
  emit({ name: "certificate-loaded", subject: certificate.subject, until: certificate.validTo });
  return { context, pem, stamp };
}

async function stampOf(files: CertificateFiles): Promise<string> {
  const [certificate, key] = await Promise.all([stat(files.certificate), stat(files.key)]);
  return `${certificate.mtimeMs} ${certificate.size} ${certificate.ino} ${key.mtimeMs} ${key.size} ${key.ino}`;
}

async function selfSignedFiles(folder: string, hostname: string, clock: Clock): Promise<CertificateFiles> {
  const files = { certificate: join(folder, "certificate.pem"), key: join(folder, "key.pem") };
  const exists = await stat(files.certificate).then(
    () => true,
    () => false,
  );
  if (exists) return files;
  const { selfSigned } = await import("./self-signed.ts");
  const pair = await selfSigned(hostname, clock.now());
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // In this order: where there is a certificate, its key is there too.
  await writeWholeFile(files.key, pair.key, { mode: 0o600 });
  await writeWholeFile(files.certificate, pair.certificate, { mode: 0o644 });
  return files;
}
