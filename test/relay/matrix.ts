/**
 * The relay-testers' matrix (ims-5.5 §7), the encapsulations of Exchange, and forms that only a careless parser reads in another
 * way, each with what relay-policy §2.2 and §2.3 say about it.
 *
 * In a form S is our inbound domain, I the address of ours that the client is connected to, V a domain that is not ours, D each
 * of our domains in turn. What is to become of it is one of
 *
 *     here                 accepted, for a mailbox of ours
 *     > u@victim.test      accepted, and leaves for this recipient
 *     501 5.1.3            refused by the grammar
 *     relay-denied         refused by this rule
 */
export type Fate = string;

export type Row = {
  readonly form: string;
  /** A client that holds no grant and did not log in, on a relay listener. */
  readonly stranger: Fate;
  /** An account that may relay, on a submission listener. */
  readonly account: Fate;
};

const victim = "victim.test";
const away = (to: string): readonly [Fate, Fate] => ["relay-denied", `> ${to}`];
const both = (fate: Fate): readonly [Fate, Fate] => [fate, fate];

const noDomain = both("501 5.1.3");
const grammar = both("501 5.1.3");
const syntax = both("501 5.5.4");

/** Without D: one cell each. */
const once: Readonly<Record<string, readonly [stranger: Fate, account: Fate]>> = {
  // ims-5.5 §7
  "<u@V>": away(`u@${victim}`),
  "u@V": syntax,
  "<u%V>": noDomain,
  "<u%V@I>": both("unknown-mailbox"),
  '<"u@V">': noDomain,
  '<"u%V">': noDomain,
  "<u@V@S>": grammar,
  "<u@V@I>": grammar,
  '<"u@V"@I>': both("unknown-mailbox"),
  "<@S:u@V>": away(`u@${victim}`),
  "<@I:u@V>": away(`u@${victim}`),
  "<@S,@x.invalid:u@V>": away(`u@${victim}`),
  "<V!u>": noDomain,
  "<V!u@I>": both("unknown-mailbox"),
  // What is ours at an address of ours, and what sounds like it
  "<postmaster>": both("here"),
  "<postmaster@I>": both("here"),
  '<"Postmaster"@I>': both("here"),
  "<postmaster%V@I>": both("unknown-mailbox"),
  '<"postmaster@V"@I>': both("unknown-mailbox"),
  "<anna@I>": both("unknown-mailbox"),
  "<IMCEASMTP-u+40victim+2Etest@I>": both("unknown-mailbox"),
  "<anna>": noDomain,
  "<postmaster@V>": away(`postmaster@${victim}`),
  // Exactly such a name exists (relay-policy §2.3), or an alias that leads away: the owner's act
  "<odd%name@S>": both("here"),
  "<odd%name%V@S>": both("malformed"),
  "<afar@S>": both("> friend@elsewhere.test"),
  "<afar%V@S>": both("malformed"),
  "<afar+u%V@S>": both("malformed"),
  // Forms that hide nothing of ours pass unchanged to whoever may relay
  "<anna%S@V>": away(`anna%example.test@${victim}`),
  "<S!anna@V>": away(`example.test!anna@${victim}`),
  '<"anna@S"@V>': away(`"anna@example.test"@${victim}`),
  "<IMCEASMTP-u+40x@V>": away(`IMCEASMTP-u+40x@${victim}`),
  // For a careless parser: blanks, case, dots
  "<u@V >": grammar,
  "< u@V>": grammar,
  " <u@V>": away(`u@${victim}`),
  "<u@V.>": away(`u@${victim}`),
  "<u@V..>": grammar,
  "<u@.V>": grammar,
  "<u@VICTIM.TEST>": away(`u@${victim}`),
  // … two domains in one
  "<u@S.V>": away("u@example.test.victim.test"),
  "<u@xS>": away("u@xexample.test"),
  "<u@x.S>": away("u@x.example.test"),
  "<u@V#S>": grammar,
  "<u@V%S>": grammar,
  "<u@V/S>": grammar,
  "<u@V;S>": grammar,
  "<u@V:S>": grammar,
  "<u@V\\@S>": grammar,
  "<u\\@V@S>": grammar,
  "<u@V,S>": grammar,
  // … two paths in one
  "<u@V>,<anna@S>": grammar,
  "<anna@S>,<u@V>": grammar,
  "<anna@S><u@V>": grammar,
  "<anna@S u@V>": grammar,
  "<anna@S,u@V>": grammar,
  "<<u@V>>": grammar,
  "<anna@S>>": grammar,
  "<<anna@S>@V>": grammar,
  '"anna@S" <u@V>': syntax,
  "anna <u@V>": syntax,
  // … controls and other octets
  "<u@V\0@S>": both("500 5.5.2"),
  "<anna@S\0@V>": both("500 5.5.2"),
  "<anna@S\r@V>": both("500 5.5.2"),
  "<u\x01@V>": grammar,
  "<u\t@V>": grammar,
  "<u@V\t@S>": grammar,
  "<u@S\u00e9.invalid>": both("553 5.6.7"),
  "<u@V\u3002S>": grammar,
  "<u@xn--S>": grammar,
  // … comments, which paths do not have
  "<(S)u@V>": grammar,
  "<u(@S)@V>": grammar,
  "<u@V(@S)>": grammar,
  // … quoting
  '<"u"@V>': away(`u@${victim}`),
  '<"u\\@V"@V>': away(`"u@victim.test"@${victim}`),
  '<"anna@S>"@V>': away(`"anna@example.test>"@${victim}`),
  '<"u@V@S>': grammar,
  '<u"@V"@S>': grammar,
  '<u."@V"@S>': grammar,
  // … numbers and literals
  "<u@[10.1.2.3]>": away("u@[10.1.2.3]"),
  "<u@[IPv6:::ffff:10.1.2.3]>": away("u@[10.1.2.3]"),
  "<u@[IPv6:2001:db8::7]>": away("u@[IPv6:2001:db8::7]"),
  "<u@[x:V]>": away(`u@[x:${victim}]`),
  "<u@[V]>": grammar,
  "<u@[S]>": grammar,
  "<u@[10.1.2.3>": grammar,
  "<u@[10.1.2.3]@V>": grammar,
  "<u@[10.1.2.3].V>": grammar,
  "<u@[010.1.2.3]>": grammar,
  "<u@10.1.2.3>": grammar,
  "<u@167838211>": grammar,
  "<u@#167838211>": grammar,
  "<u@0x0a010203>": away("u@0x0a010203"),
  "<u@localhost>": away("u@localhost"),
  "<u@_V>": grammar,
  "<u@*.S>": grammar,
  // … source routes
  "<@V:anna@S>": both("here"),
  "<@V,@S:u@V>": away(`u@${victim}`),
  "<@S:>": grammar,
  "<@S:@V>": grammar,
  "<@S,u@V>": grammar,
  "<@S:u%V@S>": both("malformed"),
  "<@u@V:anna@S>": grammar,
  // … parameters
  "<u@V> ORCPT=rfc822;anna@S": ["555 5.5.4", `> u@${victim}`],
  "<u@V> NOTIFY=NEVER": ["555 5.5.4", `> u@${victim}`],
  "<u@V> RELAY=yes": both("555 5.5.4"),
  "<u@V> <anna@S>": both("501 5.5.4"),
  "<anna@S> <u@V>": both("501 5.5.4"),
  "<anna@S> u@V": both("501 5.5.4"),
};

/** A domain of ours, as the policy of the test has it. */
export type OurDomain = {
  readonly name: string;
  /** A foreign domain that a careless comparison takes for it. */
  readonly beside: string;
  /** Of a name that nobody has here. */
  readonly unknown: readonly [stranger: Fate, account: Fate];
  /** Of the name that one account has in the inbound domain. */
  readonly anna: readonly [stranger: Fate, account: Fate];
};

export const ourDomains: readonly OurDomain[] = [
  { name: "example.test", beside: "xexample.test", unknown: both("unknown-mailbox"), anna: both("here") },
  {
    name: "below.parent.test",
    beside: "below.xparent.test",
    unknown: both("unknown-mailbox"),
    anna: both("unknown-mailbox"),
  },
  { name: "catchall.test", beside: "xcatchall.test", unknown: both("here"), anna: both("here") },
  { name: "split.test", beside: "xsplit.test", unknown: both("> u@split.test"), anna: both("> anna@split.test") },
  { name: "anyone.test", beside: "xanyone.test", unknown: both("> u@anyone.test"), anna: both("> anna@anyone.test") },
  {
    name: "gateway.test",
    beside: "xgateway.test",
    unknown: both("> u@gateway.test"),
    anna: both("> anna@gateway.test"),
  },
  {
    name: "trusted.test",
    beside: "xtrusted.test",
    unknown: both("> u@trusted.test"),
    anna: both("> anna@trusted.test"),
  },
  { name: "backup.test", beside: "xbackup.test", unknown: both("> u@backup.test"), anna: both("> anna@backup.test") },
  { name: "renamed.test", beside: "xrenamed.test", unknown: both("unknown-mailbox"), anna: both("here") },
  { name: "detour.test", beside: "xdetour.test", unknown: away("u@third.test"), anna: away("anna@third.test") },
  {
    name: "tobackup.test",
    beside: "xtobackup.test",
    unknown: both("> u@backup.test"),
    anna: both("> anna@backup.test"),
  },
];

/** The same domains, and everything else the matrix needs; all ways out end at the sink, except those by MX. */
export function policyOf(sinkPort: number): string {
  const sink = `127.0.0.1, port: ${sinkPort}`;
  return `
routing:
  - { sent-to: "#example.test", route: inbound }
  - { sent-to: parent.test, route: inbound }
  - { sent-to: "#catchall.test", route: inbound }
  - { sent-to: "#split.test", route: inbound, unknown-to: ${sink} }
  - { sent-to: "#anyone.test", route: inbound, unknown-to: ${sink}, recipients: any }
  - { sent-to: "#gateway.test", route: gateway, host: ${sink} }
  - { sent-to: "#trusted.test", route: gateway, host: ${sink}, recipients: any }
  - { sent-to: "#backup.test", route: always-relay }
  - { sent-to: "#renamed.test", route: reroute, domain: example.test }
  - { sent-to: "#detour.test", route: reroute, domain: third.test }
  - { sent-to: "#tobackup.test", route: reroute, domain: backup.test }
default-route: { via: smart-host, host: ${sink} }
relay: { authenticated: true }
`;
}

/** Forms that hide another address in a domain of ours: refused everywhere, whoever asks, whatever the host behind says. */
const hidden: readonly string[] = [
  // ims-5.5 §7
  "<u%V@D>",
  '<"u@V"@D>',
  "<V!u@D>",
  "<IMCEASMTP-u+40victim+2Etest@D>",
  '<"IMCEA u@V"@D>',
  // the same in other words
  '<"u%V"@D>',
  '<"V!u"@D>',
  "<u%V%V@D>",
  "<u%@D>",
  "<%V@D>",
  "<V!V!u@D>",
  "<!u@D>",
  '<"@V:u"@D>',
  '<"u\\@V"@D>',
  '<"<u@V>"@D>',
  '<" u@V"@D>',
  "<u%V@D.>",
  "<@V:u%V@D>",
  "<@D:u%V@D>",
  "<anna%V@D>",
  "<anna+u%V@D>",
  '<"anna+u@V"@D>',
  "<postmaster%V@D>",
  '<"postmaster@V"@D>',
  // Exchange
  "<IMCEASMTP-u+40V@D>",
  "<imceasmtp-u+40victim+2Etest@D>",
  '<"IMCEASMTP-u+40victim+2Etest"@D>',
  '<"IMCEA\\SMTP-u+40victim+2Etest"@D>',
  "<IMCEAX400-c+3Dde+3Ba+3D+20+3Bp+3Dx@D>",
  "<IMCEAEX-_O=ORG_OU=SITE_CN=RECIPIENTS_CN=U@D>",
  "<IMCEANOTES-U_V@D>",
  "<IMCEAINVALID-u@D>",
  "<IMCEA-u+40victim+2Etest@D>",
];

/** With D: one cell for each of our domains. */
function rowsOf({ name, beside, unknown, anna }: OurDomain): readonly Row[] {
  const inD = (form: string) => letter(form, "D", name);
  return [
    ...hidden.map((form) => rowOf(inD(form), both("malformed"))),
    rowOf(inD("<u@D>"), unknown),
    rowOf(inD("<u@D.>"), unknown),
    rowOf(`<u@${name.toUpperCase()}>`, unknown),
    rowOf(inD("<@V:u@D>"), unknown),
    rowOf(inD("<anna@D>"), anna),
    rowOf(inD('<"anna"@D>'), anna),
    rowOf(inD("<u@D@V>"), grammar),
    rowOf(inD("<u@V@D>"), grammar),
    rowOf(inD("<u@D%V>"), grammar),
    rowOf(inD("<u@D,u@V>"), grammar),
    // Not a domain of ours at all
    rowOf(`<u@${beside}>`, away(`u@${beside}`)),
    rowOf(inD("<u@D.V>"), away(`u@${name}.${victim}`)),
  ];
}

function rowOf(form: string, [stranger, account]: readonly [Fate, Fate]): Row {
  return { form, stranger, account };
}

/** All cells with their letters filled in. `own`: the literal of the address that the client is connected to. */
export function matrix(own: string): readonly Row[] {
  const rows = [...Object.entries(once).map(([form, fates]) => rowOf(form, fates)), ...ourDomains.flatMap(rowsOf)];
  return rows.map((row) => ({
    ...row,
    form: letter(letter(letter(row.form, "V", victim), "S", "example.test"), "I", own),
  }));
}

/** Puts a name in the place of a capital that stands alone: IMCEASMTP, VICTIM and +3D stay as they are. */
function letter(form: string, capital: "D" | "I" | "S" | "V", name: string): string {
  return form.replaceAll(new RegExp(`(?<![A-Z_=+]|\\+[0-9A-F])${capital}(?![A-Z0-9_])`, "g"), name);
}

/** What MAIL hears: a stranger, somebody who has not logged in on submission, an account that may write as itself only. */
export type Sender = {
  readonly path: string;
  readonly stranger: string;
  readonly nobody: string;
  readonly own: string;
  /** An account whose `senders` are `any`. */
  readonly any: string;
};

const accepted = "250 2.1.0";
const loginFirst = "530 5.7.0";
const foreign = { stranger: accepted, nobody: loginFirst, own: "550 5.7.1", any: accepted };
const ours = { stranger: accepted, nobody: loginFirst, own: accepted, any: accepted };

export function senders(own: string): readonly Sender[] {
  const malformed = "501 5.1.7";
  return [
    { path: "<>", ...ours },
    { path: `<x@${victim}>`, ...foreign },
    { path: "<x>", stranger: malformed, nobody: loginFirst, own: malformed, any: malformed },
    { path: "<x@example.test>", ...foreign },
    { path: "<anna@example.test>", ...ours },
    { path: `<x@${own}>`, ...foreign },
    { path: "<x@localhost>", ...foreign },
  ];
}
