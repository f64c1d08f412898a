import assert from "node:assert/strict";
import { createHash, pbkdf2Sync, X509Certificate } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { before, describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import { HopEnd, limits } from "../../testing/next-hop.ts";
import { dial } from "../net/dial.ts";
import { checkProof, challengeScram, parseClientFinal, parseClientFirst } from "../sasl/scram.ts";
import { scramKeys } from "../sasl/scram-keys.ts";
import { selfSigned } from "../tls/self-signed.ts";
import { HostUnusable, openClient } from "./client.ts";
import { Lately } from "./lately.ts";

const salt = { salt: Buffer.from("salt"), iterations: 4096 };
const keysOf = (password: string) => scramKeys(pbkdf2Sync(password, salt.salt, salt.iterations, 32, "sha256"));
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

describe("logging in at a smart host", { timeout: 20_000 }, () => {
  let identity: Awaited<ReturnType<typeof selfSigned>>;
  before(async () => {
    identity = await selfSigned("smart.test", Date.now());
  });

  /** A smart host that lists `mechanisms` over TLS and goes on as told; what became of the client's attempt, and what it said. */
  async function attempt(
    t: TestContext,
    mechanisms: string,
    goOn: (end: HopEnd, command: string, exporter: Buffer) => Promise<void>,
    scramRefused = new Lately(new FakeClock(), 1_000),
  ): Promise<{ readonly result: string; readonly heard: string }> {
    let heard = "";
    const host = createServer(
      (socket: Socket) => void greet(new HopEnd(socket, Infinity)).catch(() => socket.destroy()),
    );
    async function greet(end: HopEnd) {
      end.say("220 smart.test\r\n");
      await end.hearLine();
      end.say("250-smart.test\r\n250 STARTTLS\r\n");
      await end.hearLine();
      end.say("220 go on\r\n");
      const secure = await end.startTls(identity);
      await end.hearLine();
      end.say(`250-smart.test\r\n250 AUTH ${mechanisms}\r\n`);
      heard = await end.hearLine();
      await goOn(end, heard, secure.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)));
    }
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    t.after(() => host.close());
    const { port } = host.address() as AddressInfo;
    const fingerprint = createHash("sha256").update(new X509Certificate(identity.certificate).raw).digest("hex");
    const hosts = [{ name: "smart.test", ip: { family: 4, value: 0x7f000001 } as const, port }];
    const target = {
      key: "x",
      hosts,
      tls: "verify",
      fingerprint,
      credentials: { account: "us", password: "pencil" },
    } as const;
    try {
      const opening = {
        target,
        limits,
        hello: "us.test",
        withoutTls: false,
        scramRefused,
        clock: new FakeClock(),
        dial,
      };
      const client = await openClient(hosts[0]!, opening);
      client.peer.close();
      return { result: "logged in", heard };
    } catch (error) {
      if (!(error instanceof HostUnusable)) throw error;
      assert.equal(error.outcome.result, "transient", "the mail waits until people have put it right");
      return { result: error.outcome.said, heard };
    }
  }

  /** The server's side of SCRAM, of a host that knows `password`. */
  const scramFor =
    (password: string, lie: (final: Buffer) => Buffer = (final) => final) =>
    async (end: HopEnd, command: string, exporter: Buffer): Promise<void> => {
      const [, mechanism, initial = ""] = command.split(" ");
      const offer = { isPlus: mechanism === "SCRAM-SHA-256-PLUS", channelBinding: exporter };
      const opening = parseClientFirst(Buffer.from(initial, "base64"), offer);
      if ("refused" in opening) return end.say(`501 5.5.2 ${opening.refused}\r\n`);
      const challenge = challengeScram(opening, "server", salt);
      end.say(`334 ${base64(challenge.message)}\r\n`);
      const proof = parseClientFinal(challenge, Buffer.from(await end.hearLine(), "base64"));
      const checked = "refused" in proof ? null : checkProof(proof, [keysOf(password)]);
      if (checked === null) return end.say("535 5.7.8 no\r\n");
      end.say(`334 ${base64(lie(checked.message))}\r\n`);
      const last = await end.hearLine();
      end.say(last === "" ? "235 2.7.0 welcome\r\n" : "501 5.7.0 as you like\r\n");
    };

  it("SCRAM-SHA-256-PLUS first, bound to this connection", async (t) => {
    const mechanisms = "LOGIN PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS";
    const { result, heard } = await attempt(t, mechanisms, scramFor("pencil"));
    assert.equal(result, "logged in");
    assert.match(heard, /^AUTH SCRAM-SHA-256-PLUS /);
  });

  it("SCRAM-SHA-256 says that it could bind: a host that offered PLUS sees that somebody took it away", async (t) => {
    const { result, heard } = await attempt(t, "PLAIN SCRAM-SHA-256", scramFor("pencil"));
    assert.match(heard, /^AUTH SCRAM-SHA-256 eSws/);
    assert.match(result, /501 5\.5\.2 the client was not shown/);
  });

  it("a wrong password is told by the host's words", async (t) => {
    const { result } = await attempt(t, "SCRAM-SHA-256-PLUS", scramFor("pen"));
    assert.match(result, /^535 5\.7\.8 no \(to AUTH\)$/);
  });

  it("a host that does not prove that it knows the password is not believed", async (t) => {
    const lies = await attempt(
      t,
      "SCRAM-SHA-256-PLUS",
      scramFor("pencil", () => Buffer.from("v=AAAA")),
    );
    assert.match(lies.result, /did not prove/);
    const skips = await attempt(t, "SCRAM-SHA-256", async (end, command) => {
      const opening = parseClientFirst(Buffer.from(command.split(" ")[2] ?? "", "base64"), {
        isPlus: false,
        channelBinding: null,
      });
      assert.ok(!("refused" in opening));
      end.say(`334 ${base64(challengeScram(opening, "server", salt).message)}\r\n`);
      await end.hearLine();
      end.say("235 2.7.0 welcome\r\n");
    });
    assert.match(skips.result, /did not prove/);
  });

  it("a challenge that makes the password cheap to guess ends it", async (t) => {
    const { result } = await attempt(t, "SCRAM-SHA-256", async (end, command) => {
      const nonce =
        Buffer.from(command.split(" ")[2] ?? "", "base64")
          .toString()
          .split("r=")[1] ?? "";
      end.say(`334 ${base64(`r=${nonce}x,s=AAAA,i=1`)}\r\n`);
      assert.equal(await end.hearLine(), "*");
      end.say("501 5.7.0 as you like\r\n");
    });
    assert.match(result, /too few or too many rounds/);
  });

  for (const refusal of ["535 5.7.8 no", "432 4.7.12 a password transition is needed"])
    it(`PLAIN follows where SCRAM is answered ${refusal.slice(0, 3)}: the host may have no verifier; it is remembered`, async (t) => {
      const known = new Lately(new FakeClock(), 1_000);
      const said: string[] = [];
      const takesPlain = async (end: HopEnd, command: string): Promise<void> => {
        for (let line = command; ; line = await end.hearLine()) {
          said.push(line.split(" ")[1] ?? line);
          if (line.startsWith("AUTH PLAIN")) return end.say("235 2.7.0 welcome\r\n");
          end.say(`${refusal}\r\n`);
        }
      };
      for (let time = 0; time < 2; time++) {
        const { result } = await attempt(t, "PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS", takesPlain, known);
        assert.equal(result, "logged in");
      }
      assert.deepEqual(said, ["SCRAM-SHA-256-PLUS", "PLAIN", "PLAIN"]);
    });

  it("PLAIN follows no other failure of SCRAM, and a password that is wrong in both is not remembered", async (t) => {
    const known = new Lately(new FakeClock(), 1_000);
    const said: string[] = [];
    const mechanisms = "PLAIN SCRAM-SHA-256-PLUS";
    const says = (reply: string) => async (end: HopEnd, command: string) => {
      for (let line = command; line !== "QUIT"; line = await end.hearLine()) {
        said.push(line.split(" ")[1] ?? line);
        end.say(`${reply}\r\n`);
      }
    };
    assert.match((await attempt(t, mechanisms, says("454 4.7.0 not now"), known)).result, /^454 /);
    assert.deepEqual(said.splice(0), ["SCRAM-SHA-256-PLUS"]);
    for (let time = 0; time < 2; time++) {
      assert.match((await attempt(t, mechanisms, says("535 5.7.8 wrong"), known)).result, /^535 /);
      assert.deepEqual(said.splice(0), ["SCRAM-SHA-256-PLUS", "PLAIN"]);
    }
    const lies = scramFor("pencil", () => Buffer.from("v=AAAA"));
    assert.match((await attempt(t, mechanisms, lies, known)).result, /did not prove/);
  });

  it("PLAIN in one line", async (t) => {
    const { result, heard } = await attempt(t, "LOGIN PLAIN", async (end) => end.say("235 2.7.0 welcome\r\n"));
    assert.equal(result, "logged in");
    assert.equal(heard, `AUTH PLAIN ${base64("\0us\0pencil")}`);
  });

  it("LOGIN, whatever the prompts say", async (t) => {
    const answers: string[] = [];
    const { result } = await attempt(t, "LOGIN", async (end) => {
      for (const prompt of ["Name", "Pass"]) {
        end.say(`334 ${base64(prompt)}\r\n`);
        answers.push(Buffer.from(await end.hearLine(), "base64").toString());
      }
      end.say("235 2.7.0 welcome\r\n");
    });
    assert.deepEqual([result, ...answers], ["logged in", "us", "pencil"]);
  });
});
