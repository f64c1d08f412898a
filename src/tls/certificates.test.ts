import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Event } from "../events/catalogue.ts";
import { openCertificates } from "./certificates.ts";
import { selfSigned } from "./self-signed.ts";

/** A clock whose only timer is run by hand. */
function handClock() {
  let act: (() => void) | null = null;
  return {
    now: () => Date.UTC(2026, 0, 1),
    after: (_delayMs: number, run: () => void) => {
      act = run;
      return { cancel: () => (act = null) };
    },
    tick: () => act?.(),
  };
}

test("makes a self-signed pair once, names the host and keeps it over a restart", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const options = { files: null, folder, hostname: "mx.example.test", clock: handClock(), emit: () => {} };
  const first = await openCertificates(options);
  const second = await openCertificates(options);
  assert.equal(first.pem(), second.pem());
  const certificate = new X509Certificate(first.pem());
  assert.equal(certificate.checkHost("mx.example.test"), "mx.example.test");
  assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
});

test("takes a changed pair while running, and keeps the old one when the new one is broken", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const files = { certificate: join(folder, "c.pem"), key: join(folder, "k.pem") };
  const write = async (pair: { certificate: string; key: string }, atSeconds: number) => {
    await writeFile(files.certificate, pair.certificate);
    await writeFile(files.key, pair.key);
    await utimes(files.certificate, atSeconds, atSeconds);
  };
  await write(await selfSigned("one.example.test", Date.UTC(2026, 0, 1)), 1000);
  const clock = handClock();
  const heard: Event[] = [];
  let next: (() => void) | null = null;
  const emit = (event: Event) => {
    heard.push(event);
    next?.();
  };
  const certificates = await openCertificates({ files, folder, hostname: "x.example.test", clock, emit });
  const afterTick = async () => {
    const event = new Promise<void>((resolve) => (next = resolve));
    clock.tick();
    await event;
    // The timer is set again after the event.
    await new Promise((resolve) => setImmediate(resolve));
  };
  await write(await selfSigned("two.example.test", Date.UTC(2026, 0, 1)), 2000);
  await afterTick();
  assert.match(new X509Certificate(certificates.pem()).subject, /two\.example\.test/);
  await write({ certificate: "nonsense", key: "nonsense" }, 3000);
  await afterTick();
  assert.equal(heard.at(-1)?.name, "trouble");
  assert.match(new X509Certificate(certificates.pem()).subject, /two\.example\.test/);
});
