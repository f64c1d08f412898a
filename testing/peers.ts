import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { type Family, familyFolder, isUnpacked, packagesFolder } from "./packages.ts";

/**
 * Runs what `packages.ts` unpacked. Each program has its own view of /usr and /etc, where the family's files lie over the system's
 * (a private mount namespace), so that it finds its libraries, modules and users where it was built to look for them.
 */

/** A scene with real servers or clients. Where they cannot be had it is skipped by name; under CI=true that is a failure. */
export function peerTest(name: string, needs: readonly Family[], scene: (t: TestContext) => Promise<void>): void {
  test(name, { timeout: 120_000 }, async (t) => {
    const missing = await whatIsMissing(needs);
    if (missing === null) return scene(t);
    assert.notEqual(process.env["CI"], "true", `${missing}, and CI skips nothing`);
    t.skip(missing);
  });
}

async function whatIsMissing(needs: readonly Family[]): Promise<string | null> {
  for (const family of needs) {
    if (!(await isUnpacked(family))) return `${family} is not unpacked in ${packagesFolder} (npm run packages)`;
    // They drop to users of their own, which takes more than one user to begin with.
    if (family !== "clients" && process.getuid?.() !== 0) return `${family} can be run by root only`;
  }
  const tried = spawnSync("unshare", viewOf("clients", "true"), { encoding: "utf8" });
  if (tried.status === 0) return null;
  return `no private view of the files: ${tried.error?.message ?? tried.stderr.trim()}`;
}

const env = { ...process.env, LC_ALL: "C.UTF-8", HOME: "/nonexistent" };
const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];

/** Arguments of unshare(1): the family's files over the system's, then what is to run. A server's own /etc lies over both, and can be written. */
function viewOf(family: Family, script: string, folder?: string): string[] {
  const own = folder === undefined ? "" : `,upperdir=${folder}/etc,workdir=${folder}/work`;
  const over = (part: string, more: string) =>
    `mount -t overlay ${part} -o "lowerdir=${join(familyFolder(family), part)}:/${part}${more}" /${part}`;
  const view = `${over("usr", "")} && ${over("etc", own)} || exit\n${script}`;
  return [...asRoot, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", view, "sh"];
}

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs a program to its end. */
export async function runPeer(family: Family, command: readonly string[], input = ""): Promise<Ran> {
  const child = spawn("unshare", [...viewOf(family, 'exec "$@"'), ...command], {
    env,
    signal: AbortSignal.timeout(60_000),
    killSignal: "SIGKILL",
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  // A program that does not read all its input is no fault of the scene.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

export type PeerServer = {
  /** Its own, for its spool and what it delivers. */
  readonly folder: string;
  /** What it has said so far. */
  said(): string;
  /** Resolves when it has said something like this. */
  says(wanted: RegExp): Promise<RegExpExecArray>;
};

type PeerPlan = {
  readonly family: Family;
  /** The program and its arguments, given its folder. */
  readonly command: (folder: string) => readonly string[];
  /** Where it listens, as its files or its command say: that is how one sees that it has started. */
  readonly listens: Endpoint;
  /** Folders of its own, and who owns them. */
  readonly folders?: Readonly<Record<string, number>>;
  /** Its files under /etc, given its folder. */
  readonly etc?: (folder: string) => Readonly<Record<string, string>>;
};

/**
 * The first process of a server: it ends when the program does or our pipe does, and takes all its children along.
 * What comes from Node is a socket, which cannot be opened as /dev/stdout; hence the pipe.
 */
const untilEnd = `
exec 3<&0
trap "exit 0" TERM
( { "$@" 2>&1; echo "ended: $?"; } | cat; kill -TERM 1 ) </dev/null 3<&- &
( read -r _ <&3; kill -TERM 1 ) &
wait`;

/** A server in the foreground until the test ends, or this process does. */
export async function startPeer(t: TestContext, plan: PeerPlan): Promise<PeerServer> {
  const folder = await furnishedFolder(plan);
  const command = plan.command(folder);
  const child = spawn("unshare", [...viewOf(plan.family, untilEnd, folder), ...command], { env });
  const ended = once(child, "close");
  t.after(async () => {
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true });
  });
  let said = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      for (const look of listeners) look();
    });
  }
  const died = ended.then(() => assert.fail(`${command[0]} ended:\n${said}`));
  // Whoever waits hears of it; at the end of the test nobody does.
  died.catch(() => {});
  await Promise.race([died, listening(plan.listens, t.signal)]);
  return {
    folder,
    said: () => said,
    says(wanted) {
      const heard = new Promise<RegExpExecArray>((resolve) => {
        const look = () => {
          const match = wanted.exec(said);
          if (match === null) return;
          listeners.delete(look);
          resolve(match);
        };
        listeners.add(look);
        look();
      });
      return Promise.race([heard, died]);
    },
  };
}

async function furnishedFolder({ folders = {}, etc }: PeerPlan): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatepost-peer-"));
  // The server's own users pass through.
  await chmod(folder, 0o755);
  for (const part of ["etc", "work"]) await mkdir(join(folder, part));
  for (const [name, owner] of Object.entries(folders)) {
    await mkdir(join(folder, name));
    await chown(join(folder, name), owner, owner);
  }
  for (const [name, content] of Object.entries(etc?.(folder) ?? {})) {
    await mkdir(dirname(join(folder, "etc", name)), { recursive: true });
    await writeFile(join(folder, "etc", name), content);
  }
  return folder;
}

export type Endpoint = { readonly host: string; readonly port: number };

/** A place to listen for a program that cannot be told to take any: on a loopback address that nobody else uses. */
export async function freeEndpoint(): Promise<Endpoint> {
  const octet = () => 1 + Math.floor(Math.random() * 254);
  const host = `127.${octet()}.${octet()}.${octet()}`;
  const server = createServer();
  server.listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return { host, port };
}

/** Dials until somebody answers. */
async function listening(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const socket = connect(endpoint);
    const isThere = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
