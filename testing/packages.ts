import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * Real servers and clients out of the distribution's packages, unpacked into a folder that git ignores; nothing is installed and
 * nothing of the system is changed. A family is what can stand side by side: mail servers exclude each other.
 */
export const families = {
  clients: ["swaks", "libnet-ssleay-perl", "curl", "openssl", "nmap", "strace"],
  postfix: ["postfix", "libsasl2-modules"],
  exim: ["exim4-daemon-light"],
  slapd: ["slapd", "ldap-utils"],
  unbound: ["unbound", "ldnsutils"],
  readers: ["isync", "offlineimap3", "imapfilter", "mutt", "fetchmail", "getmail6", "mpop", "msmtp", "curl"],
  dovecot: ["dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd"],
} as const satisfies Record<string, readonly string[]>;

export type Family = keyof typeof families;

export const packagesFolder: string = resolve(
  process.env["TEST_PACKAGES"] ?? new URL("../.packages", import.meta.url).pathname,
);

export const familyFolder = (family: Family, folder: string = packagesFolder): string => join(folder, family);

/** Written last, and says of what: a family that is half unpacked, or was made from another list, does not count. */
const markOf = (family: Family, folder: string) => join(familyFolder(family, folder), "unpacked");
const contentOfMark = (family: Family) => `${families[family].join(" ")}\n`;

export async function isUnpacked(family: Family, folder: string = packagesFolder): Promise<boolean> {
  const mark = await readFile(markOf(family, folder), "utf8").catch(() => null);
  return mark === contentOfMark(family);
}

/** Unpacks what is missing. The first thing that stands in the way ends it, in one line; what is complete stays. */
export async function unpackPackages(folder: string = packagesFolder): Promise<{ readonly problem: string | null }> {
  const missing: Family[] = [];
  for (const family of Object.keys(families) as Family[]) {
    if (!(await isUnpacked(family, folder))) missing.push(family);
  }
  if (missing.length === 0) return { problem: null };
  if (spawnSync("apt-get", ["--version"]).error !== undefined) return { problem: "apt-get is not here" };
  let problem: string | null = null;
  try {
    const apt = await openApt(join(folder, "apt"));
    // A source of somebody else's may be out of reach: what counts is whether our packages can be had.
    problem = attempt(() => apt("update"));
    for (const family of missing) await unpackFamily({ family, folder, apt });
    await rm(join(folder, "apt"), { recursive: true });
    return { problem: null };
  } catch (error) {
    return { problem: problem ?? (error as Error).message };
  }
}

function attempt(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

type Apt = (...args: string[]) => void;

/** apt with lists and a cache of its own; what a package needs is taken from the system where that has it. */
async function openApt(folder: string): Promise<Apt> {
  for (const part of ["lists/partial", "archives/partial"]) await mkdir(join(folder, part), { recursive: true });
  const settings = {
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::Cache": folder,
    "APT::Sandbox::User": "root",
    "APT::Install-Recommends": "false",
    // The locks are those of the system, and nothing there is written.
    "Debug::NoLocking": "true",
    "Acquire::Languages": "none",
    "APT::Update::Error-Mode": "any",
    "Acquire::Retries": "2",
    "Acquire::http::Timeout": "20",
    "Acquire::https::Timeout": "20",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  return (...args) => run("apt-get", ["-qq", ...options, ...args]);
}

async function unpackFamily(task: { readonly family: Family; readonly folder: string; readonly apt: Apt }) {
  const { family, folder, apt } = task;
  const archives = join(folder, "apt", "archives");
  const under = join(folder, `${family}.new`);
  for (const old of [archives, under]) await rm(old, { recursive: true, force: true });
  await mkdir(join(archives, "partial"), { recursive: true });
  // Also what is installed: a scene runs what the archive has, not what somebody put on this machine.
  apt("install", "--reinstall", "--download-only", "--yes", ...families[family]);
  for (const part of ["usr/bin", "usr/sbin", "usr/lib", "etc"]) await mkdir(join(under, part), { recursive: true });
  // As on the system: packages that still say /bin mean /usr/bin.
  for (const part of ["bin", "sbin", "lib"]) await symlink(`usr/${part}`, join(under, part));
  const names = (await readdir(archives)).filter((name) => name.endsWith(".deb"));
  for (const name of names) {
    const unpack = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --directory "$2"';
    run("sh", ["-c", unpack, "sh", join(archives, name), under]);
  }
  await writeNames(join(under, "etc"));
  await writeFile(join(under, "unpacked"), contentOfMark(family));
  await rm(familyFolder(family, folder), { recursive: true, force: true });
  await rename(under, familyFolder(family, folder));
  await rm(archives, { recursive: true });
}

/** The system users and groups that the servers drop to: in their own view of /etc only, see `peers.ts`. */
export const peerIds = {
  postfix: 64_901,
  postdrop: 64_902,
  "Debian-exim": 64_903,
  openldap: 64_904,
  dovecot: 64_905,
  dovenull: 64_906,
} as const;

/** Names as the servers see them: their own users, and nothing to ask beyond this machine. */
async function writeNames(etc: string): Promise<void> {
  for (const [file, fields] of [
    ["passwd", "::/nonexistent:/usr/sbin/nologin"],
    ["group", ""],
  ] as const) {
    const known = (await readFile(join("/etc", file), "utf8")).split("\n");
    const kept = known.filter((line) => line !== "" && !Object.hasOwn(peerIds, line.split(":")[0] ?? ""));
    const ours = Object.entries(peerIds).map(
      ([name, id]) => `${name}:x:${id}:${fields === "" ? "" : `${id}${fields}`}`,
    );
    await writeFile(join(etc, file), `${[...kept, ...ours].join("\n")}\n`);
  }
  await writeFile(join(etc, "hosts"), "127.0.0.1 localhost\n");
  await writeFile(join(etc, "resolv.conf"), "nameserver 127.0.0.1\n");
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 180_000,
    env: { ...process.env, LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" },
  });
  if (error !== undefined) throw new Error(`${program}: ${error.message}`);
  if (status === 0) return;
  const said = stderr.split("\n").find((line) => line.startsWith("E: ")) ?? stderr.trim();
  throw new Error(`${program} ${said.replaceAll(/\s+/g, " ")}`);
}
