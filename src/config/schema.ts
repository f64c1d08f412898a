import { z } from "zod";
import { parseNameServer } from "../dns/name-server.ts";
import { filterProblem } from "../ldap/filter.ts";
import type { ListenerKind } from "../policy/context.ts";
import { duration, hostName, ipAddress, network, size, wholeNumber } from "./kinds.ts";
import type { CamelCased } from "./camel-case.ts";

// Each schema reads one document in its life: compiling a parser for it takes longer than it saves.
z.config({ jitless: true });

/**
 * The boot file: what needs a restart. One schema, from which come the reader, the names of the environment
 * variables, the defaults and the reference page; the policy, accounts and aliases are in the store, live.
 */

const listener = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "is not a name for a listener: small letters, digits and hyphens")
      .describe("How the policy, the journal and the log call it."),
    kind: z
      .enum(["relay", "submission", "lmtp", "pop3", "imap"])
      .describe(
        "`relay` takes mail from other servers, `submission` from accounts that log in (RFC 6409), `lmtp` from a program on this machine, for mailboxes here only (RFC 2033); by `pop3` (RFC 1939) and `imap` (RFC 9051) accounts read theirs.",
      ),
    address: ipAddress()
      .prefault("::")
      .describe("The local address to listen on; `::` is every address, IPv4 included."),
    port: wholeNumber(0, 65_535)
      .optional()
      .describe(
        "Absent: 25 for relay, 587 for submission, 24 for LMTP, 110 for pop3, 143 for imap; with implicit TLS 465, 995 and 993. 0 is any free port.",
      ),
    tls: z
      .enum(["none", "starttls", "implicit"])
      .default("starttls")
      .describe("`starttls` offers it (RFC 3207, RFC 2595, RFC 9051), `implicit` begins with it (RFC 8314)."),
    auth: z
      .boolean()
      .optional()
      .describe("Whether a relay listener lets accounts log in; all others always do. Absent: no."),
    "allow-clear-auth": z
      .boolean()
      .default(false)
      .describe("Lets passwords pass without TLS. Refused unless the address is a loopback address: for trials."),
    "bare-line-ends": z
      .enum(["refuse", "normalise"])
      .default("refuse")
      .describe("What to do with a CR or LF alone in a message: `normalise` is for old devices only."),
    brackets: z
      .enum(["required", "optional"])
      .default("required")
      .describe("Whether `MAIL FROM:a@b.example` without angle brackets is taken, as some old devices send it."),
    "extensions-off": z
      .array(z.enum(["8BITMIME", "SMTPUTF8", "DSN", "PIPELINING"]))
      .default([])
      .describe("Extensions that are not offered, for a client that stumbles over one."),
  })
  .describe(
    "One `[[listener]]` for each place where mail comes in or is read. None given: those of the trial set-up, on loopback.",
  );

const ldap = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "is not a name for a directory: small letters, digits and hyphens")
      .describe("How the policy calls it: `recipients: { ldap: NAME }`."),
    url: z
      .string()
      .refine(isLdapUrl, "is not the address of a directory: write ldap://host, ldap://host:port or ldaps://host")
      .describe("`ldaps://` begins with TLS. The certificate's name and chain are always verified."),
    tls: z
      .enum(["starttls", "none"])
      .default("starttls")
      .describe("Of an `ldap://` connection; `none` only where nobody else could read or forge the answers."),
    ca: z.string().min(1).optional().describe("File with the certificates to trust instead of the machine's, PEM."),
    base: z.string().min(1).describe("Below which entry to look."),
    filter: z
      .string()
      .default("(mail=%{address})")
      .refine((text) => filterProblem(text) === null, { error: ({ input }) => filterProblem(String(input)) ?? "" })
      .describe(
        "Finds a recipient; `%{address}`, `%{local-part}` and `%{domain}` stand for it. One entry is as good as many.",
      ),
    "bind-dn": z
      .string()
      .regex(/=/, "is not a distinguished name like cn=mail,dc=example,dc=com")
      .optional()
      .describe("Who asks. Absent: anonymous."),
    "password-file": z.string().min(1).optional().describe("File with its password, read anew for each connection."),
    timeout: duration().prefault("5 s").describe("For the connection, and for each answer."),
  })
  .describe("One `[[ldap]]` for each directory that knows recipients of other hosts of ours.");

const limits = z.strictObject({
  "message-size": size().prefault("50 MB").describe("The largest message that is taken (RFC 1870)."),
  "mailbox-size": size()
    .prefault("0 B")
    .describe(
      "What the mailboxes of one account may hold, unless the account says otherwise; 0 B: as much as there is room for.",
    ),
  recipients: wholeNumber(100, 100_000)
    .default(1_000)
    .describe("Recipients of one message; a client must be able to count on 100 (RFC 5321 §4.5.3.1.8)."),
  connections: wholeNumber(1, 1_000_000).default(10_000).describe("Connections at the same time in all."),
  "connections-per-address": wholeNumber(1, 1_000_000).default(50).describe("… from one client address."),
  "connections-per-network": wholeNumber(1, 1_000_000)
    .default(200)
    .describe("… from one network: the /24 of an IPv4 client, the /64 of an IPv6 client."),
  memory: size()
    .prefault("64 MB")
    .describe(
      "Octets of messages that memory may hold, all sessions and deliveries together. From its half on what is being received goes to the disk; beyond it clients wait, and new messages are put off with 452. A quarter of it at most is on its way out: what finds no room there waits in the queue.",
    ),
  "content-rate": size()
    .refine((octets) => octets > 0, "must be at least 1 B")
    .prefault("100 B")
    .describe(
      "Octets a second that a client must send of a message on the whole; it may be late by `timeouts.content`. Slower than the slowest modem or satellite, so that an octet now and then holds no session.",
    ),
  "over-quota": z
    .enum(["defer", "refuse"])
    .default("defer")
    .describe("What is said to who writes to a full mailbox: `defer` is 452 4.2.2, `refuse` is 552 5.2.2."),
  commands: wholeNumber(10, 1_000_000)
    .default(1_000)
    .describe("Commands of one session since its last accepted message, accepted recipients not counted."),
  errors: wholeNumber(1, 1_000_000)
    .default(20)
    .describe("Commands of one session that were wrong, before it is ended."),
});

const access = z.strictObject({
  connections: wholeNumber(1, 1_000_000).default(10_000).describe("Connections at the same time in all."),
  "connections-per-address": wholeNumber(1, 1_000_000)
    .default(500)
    .describe("… from one client address: an office behind one, and mail clients that open several each."),
  "connections-per-network": wholeNumber(1, 1_000_000)
    .default(1_000)
    .describe("… from one network: the /24 of an IPv4 client, the /64 of an IPv6 client."),
  errors: wholeNumber(1, 1_000_000)
    .default(50)
    .describe("Commands of one session that were wrong, before it is ended."),
});

const pop3 = z.strictObject({
  "login-delay": duration()
    .prefault("0 s")
    .describe("How long an account has to wait between two logins, in whole seconds (RFC 2449 §6.5). 0 s: not at all."),
  expire: z
    .string()
    .regex(/^(?:never|[1-9][0-9]{0,4} days?)$/, "is neither `never` nor a number of days like `30 days`")
    .optional()
    .describe(
      "How long messages stay at least, as clients are told (RFC 2449 §6.7): `never` says that none is ever removed. Absent: nothing is said.",
    ),
});

const timeouts = z.strictObject({
  command: duration().prefault("5 min").describe("Waiting for the next command (RFC 5321 §4.5.3.2.7)."),
  content: duration().prefault("3 min").describe("Waiting for the next piece of a message (RFC 5321 §4.5.3.2.5)."),
  handshake: duration().prefault("30 s").describe("A TLS handshake from its first to its last octet."),
  login: duration().prefault("1 min").describe("Waiting for the next answer of a login exchange."),
  pop3: duration().prefault("10 min").describe("Waiting for the next command of POP3: at least 10 min (RFC 1939 §3)."),
  imap: duration()
    .prefault("30 min")
    .describe("Waiting for the next command of IMAP, or for DONE: at least 30 min (RFC 9051 §5.4)."),
  stop: duration()
    .prefault("10 s")
    .describe("How long transactions under way may go on after the server was told to stop."),
});

const queue = z.strictObject({
  retry: z
    .array(duration())
    .min(1)
    .max(50)
    .prefault(["5 min", "15 min", "30 min", "1 h", "4 h"])
    .describe("The times between attempts; the last one goes on until the end of the lifetime."),
  lifetime: duration().prefault("5 days").describe("How long delivery is tried before the message goes back."),
  "delay-report-after": duration().prefault("4 h").describe("When the sender hears that a message is still waiting."),
});

const delivery = z.strictObject({
  connections: wholeNumber(1, 100_000).default(200).describe("Connections to next hops at the same time in all."),
  "connections-per-destination": wholeNumber(1, 10_000).default(20).describe("… to one destination."),
  "messages-per-connection": wholeNumber(1, 1_000_000)
    .default(1_000)
    .describe("After so many messages a connection is replaced by a new one."),
  idle: duration().prefault("5 s").describe("How long a connection is kept for a further message."),
  connect: duration().prefault("30 s").describe("Waiting for a connection, or for a TLS handshake."),
  greeting: duration().prefault("5 min").describe("Waiting for the greeting (RFC 5321 §4.5.3.2.1)."),
  command: duration().prefault("5 min").describe("Waiting for the reply to MAIL or RCPT (§4.5.3.2.2, §4.5.3.2.3)."),
  data: duration().prefault("2 min").describe("Waiting for the reply to DATA (§4.5.3.2.4)."),
  content: duration().prefault("3 min").describe("Waiting until a piece of the message is taken (§4.5.3.2.5)."),
  "end-of-content": duration()
    .prefault("10 min")
    .describe("Waiting for the reply to the final dot; less makes duplicates (§4.5.3.2.6)."),
});

const http = z
  .strictObject({
    address: ipAddress().prefault("127.0.0.1").describe("The local address to listen on."),
    port: wholeNumber(0, 65_535).optional().describe("Absent: 80, or 443 with TLS; 0 is any free port."),
    tls: z
      .enum(["none", "implicit"])
      .default("none")
      .describe("`implicit` uses the same certificate as mail; `none` is for a proxy in front, or for trials."),
  })
  .optional()
  .describe(
    "Where mail programs find their settings (autoconfig, autodiscover, Apple profiles). Absent: nowhere, but for the trial set-up.",
  );

const bootFile = z.strictObject({
  hostname: hostName().optional().describe("The name in greetings and trace fields. Absent: the machine's full name."),
  data: z
    .string()
    .min(1)
    .default("data")
    .describe("The folder for the database and the messages, as seen from the boot file's folder."),
  "own-names": z
    .array(hostName())
    .default([])
    .describe("Further names of this server: an MX that names one of them is never dialled."),
  "own-addresses": z
    .array(ipAddress())
    .default([])
    .describe("Addresses under which this server is reached and that it cannot see itself, behind NAT for example."),
  "local-networks-dialled": z
    .array(network())
    .default([])
    .describe("Private addresses that may be dialled although they were learnt from DNS."),
  "translation-prefixes": z
    .array(network().refine((block) => block.ip.family === 6 && block.prefix === 96, "is not a /96 block of IPv6"))
    .default([])
    .describe("NAT64 prefixes of this network beside 64:ff9b::/96: nobody is let in by such an address."),
  listener: z.array(listener).max(100).prefault([]),
  ldap: z.array(ldap).max(20).prefault([]),
  tls: z
    .strictObject({
      certificate: z.string().min(1).optional().describe("File with the certificate and its chain, PEM."),
      key: z.string().min(1).optional().describe("File with its private key, PEM."),
    })
    .prefault({})
    .describe("Absent: a self-signed certificate is made at the first start. Files are read again when they change."),
  http,
  limits: limits.prefault({}).describe("What one client, and all together, may ask for."),
  access: access.prefault({}).describe("What clients that read mail may ask for."),
  pop3: pop3.prefault({}).describe("What POP3 asks of its clients."),
  timeouts: timeouts.prefault({}).describe("How long a client may take."),
  queue: queue.prefault({}).describe("What happens to mail that cannot leave at once."),
  delivery: delivery.prefault({}).describe("How mail leaves."),
  dns: z
    .strictObject({
      servers: z
        .array(
          z
            .string()
            .refine(
              (text) => parseNameServer(text) !== null,
              "is not an address with or without a port: 192.0.2.53, [2001:db8::53]:5353",
            ),
        )
        .max(8)
        .default([])
        .describe(
          "Resolvers to ask, in this order; three at most for one question. Absent: those of /etc/resolv.conf, which is read again when it changes.",
        ),
      trusted: z
        .array(ipAddress())
        .optional()
        .describe(
          "Resolvers whose word that an answer is proved by DNSSEC is believed: only those that nobody can stand in for on the way. Absent: resolvers on a loopback address.",
        ),
      timeout: duration()
        .prefault("2 s")
        .describe("Waiting for one answer of one server; the second time a server is asked, twice that."),
    })
    .prefault({})
    .describe(
      "Where names are looked up. Names are whole: search domains are never added. `/etc/hosts` counts for the host of a route, not for the domains of mail and their MX.",
    ),
  disk: z
    .strictObject({
      reserve: size().prefault("200 MB").describe("With less than this free, new mail is put off with 452."),
    })
    .prefault({})
    .describe("When the disk counts as full."),
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("What is written, and all above it."),
      format: z
        .enum(["auto", "json", "pretty"])
        .default("auto")
        .describe("`auto` is for people on a terminal, JSON elsewhere."),
    })
    .prefault({})
    .describe("One line for each event, on standard output."),
  journal: z
    .strictObject({
      days: wholeNumber(1, 36_500)
        .default(30)
        .describe("Decisions older than this are forgotten. They are personal data."),
      "max-rows": wholeNumber(1_000, 1_000_000_000)
        .default(1_000_000)
        .describe("The oldest beyond this many go first."),
    })
    .prefault({})
    .describe("What `gatepost explain REF` and `gatepost decisions` read."),
  login: z
    .strictObject({
      throttle: z.boolean().default(true).describe("Whether wrong passwords make further tries wait."),
    })
    .prefault({})
    .describe("How logins are guarded."),
});

export const schema = bootFile;

/** The boot file as read: the schema's names in camelCase, durations in milliseconds, sizes in octets, paths absolute. */
export type Config = Omit<CamelCased<z.output<typeof schema>>, "hostname" | "listener" | "http"> & {
  readonly hostname: string;
  readonly listeners: readonly ListenerConfig[];
  readonly http: HttpConfig | null;
  /** The boot file that was read; null when there is none. */
  readonly file: string | null;
};

export type HttpConfig = CamelCased<NonNullable<z.output<typeof http>>> & { readonly port: number };

export type LdapConfig = Config["ldap"][number];

export type ListenerConfig = Omit<CamelCased<z.output<typeof listener>>, "port" | "auth"> & {
  readonly port: number;
  readonly auth: boolean;
};

/** A listener where mail comes in. */
export type ReceptionListener = ListenerConfig & { readonly kind: ListenerKind };

/** A listener where accounts read their mail. */
export type AccessListener = ListenerConfig & { readonly kind: AccessKind };
export type AccessKind = Exclude<ListenerConfig["kind"], ListenerKind>;

export function takesMail(config: ListenerConfig): config is ReceptionListener {
  return config.kind === "relay" || config.kind === "submission" || config.kind === "lmtp";
}

export function givesMail(config: ListenerConfig): config is AccessListener {
  return !takesMail(config);
}

function isLdapUrl(text: string): boolean {
  return /^ldaps?:\/\/[^/?#@]+$/.test(text) && URL.canParse(text) && new URL(text).hostname !== "";
}
