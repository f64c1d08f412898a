/** What a client asked for with ENABLE, or by a command that implies it (RFC 5161, RFC 7162 §3.1). Never goes off again. */
export type Enabled = {
  condstore: boolean;
  /** Implies `condstore`. */
  qresync: boolean;
  /** UTF8=ACCEPT (RFC 6855); implied by `rev2`. */
  utf8: boolean;
  /** IMAP4rev2 (RFC 9051). */
  rev2: boolean;
};

// What differs between IMAP4rev1 and IMAP4rev2 (RFC 9051 appendix E) is decided here and nowhere else.

/** \Recent, the RECENT response and NEW, OLD, RECENT of SEARCH are gone in IMAP4rev2. */
export const tellsRecent = ({ rev2 }: Readonly<Enabled>): boolean => !rev2;

/** A SEARCH without RETURN is answered by ESEARCH in IMAP4rev2 (RFC 9051 §6.4.4), by SEARCH before. */
export const answersByEsearch = ({ rev2 }: Readonly<Enabled>): boolean => rev2;

/** RFC 9051 §7.5.2, RFC 7162 §3.2.4: a FETCH that nobody asked for carries the UID, … */
export const tellsUidUnasked = ({ rev2, condstore }: Readonly<Enabled>): boolean => rev2 || condstore;

/** … and with CONDSTORE one that STORE causes does, too. */
export const tellsUidOfStored = ({ condstore }: Readonly<Enabled>): boolean => condstore;

/** RFC 7162 §3.2.10: VANISHED instead of EXPUNGE. */
export const tellsVanished = ({ qresync }: Readonly<Enabled>): boolean => qresync;

/** Mailbox names and strings may be UTF-8 (RFC 6855 §3, RFC 9051 §5.1). */
export const hasUtf8Names = ({ utf8, rev2 }: Readonly<Enabled>): boolean => utf8 || rev2;

/** What may be enabled, by its name in ENABLE. */
const enablable: Readonly<Record<string, readonly (keyof Enabled)[]>> = {
  CONDSTORE: ["condstore"],
  QRESYNC: ["qresync", "condstore"],
  "UTF8=ACCEPT": ["utf8"],
  IMAP4REV2: ["rev2"],
};

/** As they are written in the capability list. */
const spelling: Readonly<Record<string, string>> = { IMAP4REV2: "IMAP4rev2" };

/** What a request switches on, and what of it is told in ENABLED; unknown names are passed over (RFC 5161 §3.1). */
export function enabledBy(names: readonly string[]): {
  readonly on: readonly (keyof Enabled)[];
  readonly told: string;
} {
  const known = names.filter((name) => Object.hasOwn(enablable, name));
  return {
    on: known.flatMap((name) => enablable[name] ?? []),
    told: known.map((name) => ` ${spelling[name] ?? name}`).join(""),
  };
}
