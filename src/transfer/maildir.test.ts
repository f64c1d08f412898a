import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { flagsOf } from "../imap/flags.ts";
import { openMaildir } from "./maildir.ts";
import { maildirArchive } from "./maildir-archive.ts";

const same = (name: string) => name;

async function everythingIn(path: string) {
  const found: Record<string, string[]> = {};
  for (const mailbox of await (await openMaildir(path, same)).mailboxes()) {
    const list: string[] = [];
    for await (const { key, flags, internalDate, read } of mailbox.read(new Set())) {
      let text = "";
      for await (const piece of read()) text += Buffer.from(piece).toString("latin1");
      list.push(`${key} ${flags.join(",")} ${internalDate} ${JSON.stringify(text)}`);
    }
    found[mailbox.name] = list;
  }
  return found;
}

describe("Maildir", () => {
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), "gatepost-maildir-"))));
  after(() => rm(folder, { recursive: true }));

  it("reads the folder itself, Maildir++ subfolders and nested ones, with flags, keywords and times", async () => {
    for (const path of ["cur", "new", "tmp", ".Lists.News/cur", ".Lists.News/new", "plain/deep/cur", ".empty"])
      await mkdir(join(folder, path), { recursive: true });
    const put = async (path: string, text: string) => {
      await writeFile(join(folder, path), text);
      await utimes(join(folder, path), 100, 200);
    };
    await put("cur/2.b:2,FSa", "A: 1\n\nx\n");
    await put("new/1.a", "A: 2\r\n\r\ny");
    await put("new/.hidden", "no");
    await put("tmp/3.c", "half");
    await put(".Lists.News/cur/4.d:2,RTDZ", "");
    await put("plain/deep/cur/5.e", "z\n");
    await put("dovecot-keywords", "0 work\n1 home\n");
    assert.deepEqual(await everythingIn(folder), {
      INBOX: [
        String.raw`INBOX:1.a  200000 "A: 2\r\n\r\ny"`,
        String.raw`INBOX:2.b \Flagged,\Seen,work 200000 "A: 1\r\n\r\nx\r\n"`,
      ],
      "Lists/News": [String.raw`Lists/News:4.d \Answered,\Deleted,\Draft 200000 ""`],
      "plain/deep": [String.raw`plain/deep:5.e  200000 "z\r\n"`],
    });
  });

  it("a folder that is no Maildir is said to be none", async () => {
    await mkdir(join(folder, "nothing"));
    await assert.rejects(openMaildir(join(folder, "nothing"), same), /is no Maildir/);
    await assert.rejects(openMaildir(join(folder, "missing"), same), /cannot be read/);
  });

  it("a second export adds what is new and renames what has other flags", async () => {
    const target = join(folder, "out");
    const bytes = Buffer.from("A: 1\r\n\r\nx\r\n");
    const write = async (uid: number, flags: string[]) =>
      (await maildirArchive(target, same).begin("Sent/2026")).write({
        uid,
        uidValidity: 9,
        flags: flagsOf(flags),
        internalDate: 5_000,
        content: {
          size: bytes.length,
          bytes,
          stream: async function* () {
            yield bytes;
          },
        },
      });
    await write(1, []);
    await write(1, ["\\Seen", "\\Flagged"]);
    await write(2, ["\\Seen"]);
    assert.deepEqual((await readdir(join(target, ".Sent.2026", "cur"))).sort(), [
      "5.V9U1.gatepost:2,FS",
      "5.V9U2.gatepost:2,S",
    ]);
    assert.deepEqual(await everythingIn(target), {
      "Sent/2026": [
        String.raw`Sent/2026:5.V9U1.gatepost \Flagged,\Seen 5000 "A: 1\r\n\r\nx\r\n"`,
        String.raw`Sent/2026:5.V9U2.gatepost \Seen 5000 "A: 1\r\n\r\nx\r\n"`,
      ],
    });
  });
});
