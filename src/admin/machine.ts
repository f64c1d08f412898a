import { X509Certificate } from "node:crypto";
import { readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";

/** What `check` asks of the machine. Each answer is `null` where it cannot be found out. */

const ipv4Settings = "/proc/sys/net/ipv4";

/** Whether the kernel passes packets on between its networks (relay-policy §2.2, local addresses). */
export async function forwardsPackets(): Promise<boolean | null> {
  const answers = await Promise.all(
    [`${ipv4Settings}/ip_forward`, "/proc/sys/net/ipv6/conf/all/forwarding"].map((file) => readSetting(file)),
  );
  return answers.every((answer) => answer === null) ? null : answers.includes("1");
}

/** Whether a packet may come in by an interface that its sender is not reached by: reverse-path filtering off or loose. */
export async function filtersLoosely(): Promise<boolean | null> {
  try {
    const interfaces = await readdir(`${ipv4Settings}/conf`);
    const all = await readSetting(`${ipv4Settings}/conf/all/rp_filter`);
    const own = await Promise.all(
      interfaces
        .filter((name) => !["all", "default", "lo"].includes(name))
        .map((name) => readSetting(`${ipv4Settings}/conf/${name}/rp_filter`)),
    );
    // The kernel takes the larger of the two numbers: 0 is off, 1 strict, 2 loose.
    return own.some((one) => Math.max(Number(all), Number(one)) !== 1);
  } catch {
    return null;
  }
}

async function readSetting(file: string): Promise<string | null> {
  return readFile(file, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}

/** Octets that a process like ours may still write in this folder. */
export async function freeBytes(folder: string): Promise<number | null> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
}

/** Files that no message named when they were found; none when there is no such folder. */
export async function filesInQuarantine(data: string): Promise<number> {
  return readdir(join(data, "quarantine")).then(
    (names) => names.length,
    () => 0,
  );
}

/** The first certificate of a PEM file; `null` when there is none that can be read. */
export async function certificateIn(file: string): Promise<X509Certificate | null> {
  return readFile(file).then(
    (pem) => new X509Certificate(pem),
    () => null,
  );
}
