/** What a session may offer besides what is always there. */
export type Offer = {
  /** TLS can be had and is not on yet. */
  readonly mayStartTls: boolean;
  /** SASL mechanisms of this connection; none: nobody can log in here as it is (LOGINDISABLED, RFC 9051 §6.2.3). */
  readonly mechanisms: readonly string[];
  /** Octets of the largest message that is taken (RFC 7889). */
  readonly appendLimit: number;
};

/** Whole in every state. */
const always = ["IMAP4rev2", "IMAP4rev1", "LITERAL+", "ID", "ENABLE"];

/** Whole once somebody is logged in; each with its RFC. Nothing stands here that is not whole. */
const loggedIn = [
  "IDLE", // 2177
  "NAMESPACE", // 2342
  "UNSELECT", // 3691
  "UIDPLUS", // 4315
  "MOVE", // 6851
  "CHILDREN", // 3348
  "LIST-EXTENDED", // 5258
  "LIST-STATUS", // 5819
  "SPECIAL-USE", // 6154
  "CREATE-SPECIAL-USE", // 6154
  "STATUS=SIZE", // 8438
  "CONDSTORE", // 7162
  "QRESYNC", // 7162
  "UTF8=ACCEPT", // 6855
  "MULTIAPPEND", // 3502
  "CATENATE", // 4469
  "BINARY", // 3516
  "REPLACE", // 8508
  "PREVIEW", // 8970
  "SAVEDATE", // 8514
  "NOTIFY", // 5465
  "ESEARCH", // 4731
  "SEARCHRES", // 5182
  "WITHIN", // 5032
  "CONTEXT=SEARCH", // 5267
  "ESORT", // 5267
  "SORT", // 5256
  "SORT=DISPLAY", // 5957
  "THREAD=ORDEREDSUBJECT", // 5256
  "THREAD=REFERENCES", // 5256
  "OBJECTID", // 8474
  "QUOTA", // 9208
  "QUOTA=RES-STORAGE", // 9208
];

/** The list behind CAPABILITY, by what the session is (RFC 9051 §6.1.1, §7.2.2). */
export function capabilitiesOf(offer: Offer, { isLoggedIn }: { readonly isLoggedIn: boolean }): string {
  if (isLoggedIn) return [...always, ...loggedIn, `APPENDLIMIT=${offer.appendLimit}`].join(" ");
  const { mayStartTls, mechanisms } = offer;
  return [
    ...always,
    "SASL-IR",
    ...(mayStartTls ? ["STARTTLS"] : []),
    ...mechanisms.map((mechanism) => `AUTH=${mechanism}`),
    ...(mechanisms.length === 0 ? ["LOGINDISABLED"] : []),
  ].join(" ");
}
