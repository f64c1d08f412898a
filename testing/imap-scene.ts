import { connect, type Socket } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import type { TestContext } from "node:test";
import type { Visit } from "../src/access/connection.ts";
import { type ImapContext, ImapConversation } from "../src/access/imap-conversation.ts";
import type { Account } from "../src/accounts/account.ts";
import type { Authenticator } from "../src/accounts/authenticator.ts";
import { parseIp } from "../src/address/ip.ts";
import type { Event } from "../src/events/catalogue.ts";
import type { Mail } from "../src/imap/mail.ts";
import { type Door, Listener } from "../src/net/listener.ts";
import { Occupancy } from "../src/net/occupancy.ts";
import { parsePlain } from "../src/sasl/plain.ts";
import { selfSigned } from "../src/tls/self-signed.ts";
import { FakeClock } from "./fake-clock.ts";

const account: Account = {
  id: 1,
  name: "alice",
  domain: "example.test",
  isEnabled: true,
  mayRelay: false,
  senders: "own",
  maySendAs: [],
  passwordVersion: 1,
  plusAddressing: false,
  plusMailbox: "none",
  quota: null,
  forwardTo: [],
  keepsForwarded: true,
  mailboxId: 1,
};

/** Logs in by PLAIN whoever is in the list. */
function authenticatorFor(passwords: ReadonlyMap<string, string>): Authenticator {
  return {
    mechanisms: () => ["PLAIN"],
    begin: (mechanism) => {
      if (mechanism.toUpperCase() !== "PLAIN") return null;
      return {
        respond(response) {
          if (response === null) return { do: "challenge", data: Buffer.alloc(0) };
          const claim = parsePlain(response);
          if ("refused" in claim) return { do: "refuse", reason: "malformed" };
          const isRight = claim.password !== "" && passwords.get(claim.login) === claim.password;
          return isRight ? { do: "accept", account } : { do: "refuse", reason: "credentials" };
        },
      };
    },
  };
}

export type ImapSceneOptions = {
  readonly mail: Mail;
  readonly passwords?: ReadonlyMap<string, string>;
  readonly mayUseClear?: boolean;
  readonly isTlsImplicit?: boolean;
  readonly changes?: Partial<ImapContext>;
};

let certificate: ReturnType<typeof selfSigned> | null = null;

/** IMAP on a free port, over a mail in memory: everything but the store and the accounts. */
export async function openImapScene(t: TestContext, options: ImapSceneOptions) {
  const { mail, passwords = new Map([["alice", "secret"]]), mayUseClear = true, isTlsImplicit = false } = options;
  const clock = new FakeClock();
  const events: Event[] = [];
  const { certificate: cert, key } = await (certificate ??= selfSigned("imap.example.test", Date.now()));
  const secureContext = createSecureContext({ cert, key });
  const conversations = new Set<ImapConversation>();
  const context: Omit<ImapContext, "closed"> = {
    hostname: "imap.example.test",
    isTlsImplicit,
    offer: ({ tls }) => ({
      mayStartTls: tls === null,
      mechanisms: tls !== null || mayUseClear ? ["PLAIN"] : [],
      appendLimit: mail.appendLimit,
    }),
    authenticator: authenticatorFor(passwords),
    certificates: { current: () => secureContext, pem: () => cert, close: () => {} },
    mailOf: () => mail,
    handshakeMs: 10_000,
    loginMs: 60_000,
    idleMs: 30 * 60_000,
    contentMs: 180_000,
    maxErrors: 50,
    now: () => clock.now(),
    emit: (event) => events.push(event),
    ...options.changes,
  };
  const door: Door<"imap"> = {
    config: {
      name: "imap",
      kind: "imap",
      address: parseIp("127.0.0.1")!,
      port: 0,
      tls: isTlsImplicit ? "implicit" : "starttls",
    } as unknown as Door<"imap">["config"],
    admits: () => true,
    turnAway: () => "* BYE\r\n",
    open: (closed) => (socket: Socket, visit: Visit) => {
      const conversation = new ImapConversation({ ...context, closed: closed as ImapContext["closed"] }, socket, visit);
      conversations.add(conversation);
      return conversation;
    },
  };
  const occupancy = new Occupancy({ connections: 100, connectionsPerAddress: 100, connectionsPerNetwork: 100 });
  let sessions = 0;
  const listener = new Listener(door, { occupancy, nextSession: () => `s${sessions++}`, emit: context.emit });
  const { port } = await listener.open();
  t.after(() => listener.close(0));
  return {
    port,
    clock,
    events,
    listener,
    conversations,
    /** Connects, and hears the greeting. */
    async dial(): Promise<ImapClient> {
      const client = new ImapClient(port);
      await client.hear(/^\* OK .*\r\n/);
      return client;
    },
    /** … logs in, and selects INBOX. */
    async select(): Promise<ImapClient> {
      const client = await this.dial();
      await client.say("1 LOGIN alice secret");
      await client.say("2 SELECT INBOX");
      return client;
    },
  };
}

/** A client that says lines and waits for what it wants to hear. Octets are Latin-1 here. */
export class ImapClient {
  socket: Socket;
  #heard = "";
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#listen();
  }

  #listen(): void {
    this.socket.on("data", (chunk: Buffer) => {
      this.#heard += chunk.toString("latin1");
      this.#wake();
    });
    for (const event of ["close", "error", "end"]) {
      this.socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Says a command and hears its answer to the tagged line. */
  say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    const [tag = ""] = line.split(" ");
    return this.hear(new RegExp(`(?:^|\\n)${tag} [^\\n]*\\n`));
  }

  /** Everything up to where this is matched; what was heard when the server closed. */
  async hear(wanted: RegExp): Promise<string> {
    for (;;) {
      const found = wanted.exec(this.#heard);
      if (found !== null) {
        const end = found.index + found[0].length;
        const heard = this.#heard.slice(0, end);
        this.#heard = this.#heard.slice(end);
        return heard;
      }
      if (this.#isClosed) return this.#heard;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Everything to the end of the connection. */
  async hearAll(): Promise<string> {
    while (!this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#heard;
  }

  /** After the answer to STARTTLS; the certificate is not verified. */
  async handshake(): Promise<void> {
    this.socket.removeAllListeners();
    this.socket = connectTls({ socket: this.socket, rejectUnauthorized: false });
    await new Promise<void>((resolve, reject) => {
      this.socket.once("secureConnect", resolve);
      this.socket.once("error", reject);
    });
    this.#listen();
  }

  end(): void {
    this.socket.destroy();
  }
}
