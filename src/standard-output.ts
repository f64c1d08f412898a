import { write, writeSync } from "node:fs";
import type { LogOutput } from "./events/log.ts";

/** A reader that has no room now: looked at again after so long. */
const retryMs = 20;

/** So often, when the process is about to die. */
const lastTries = 50;

/**
 * A file descriptor as the log's output. `process.stdout` would not do: for a file or a pipe its writes hold the whole
 * process up (Node: process I/O). Here a slow reader occupies one thread of the pool.
 */
export function outputTo(descriptor: number): LogOutput {
  return { write: (text, done) => writeAll(descriptor, { bytes: Buffer.from(text), done }), writeNow };

  function writeNow(text: string): void {
    let rest: Buffer = Buffer.from(text);
    for (let tries = 0; rest.length > 0 && tries < lastTries; tries++) {
      try {
        rest = rest.subarray(writeSync(descriptor, rest));
      } catch (error) {
        if (!isBusy(error)) return;
        // The only way to wait without the loop, which ends with this process.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
      }
    }
  }
}

function writeAll(descriptor: number, { bytes, done }: { readonly bytes: Buffer; readonly done: () => void }): void {
  write(descriptor, bytes, (error, written) => {
    if (error !== null && !isBusy(error)) return done(); // The reader is gone for good: there is nobody to tell.
    const rest = error === null ? bytes.subarray(written) : bytes;
    if (rest.length === 0) return done();
    if (error === null) writeAll(descriptor, { bytes: rest, done });
    else setTimeout(() => writeAll(descriptor, { bytes: rest, done }), retryMs).unref();
  });
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EWOULDBLOCK");
}
