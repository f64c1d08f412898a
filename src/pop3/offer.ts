/** What a listener offers; the same for all its sessions. */
export type Offer = {
  readonly hostname: string;
  readonly startTls: boolean;
  readonly mechanismsInClear: readonly string[];
  readonly mechanismsOverTls: readonly string[];
  /** Seconds between two logins; 0: as soon as one likes. */
  readonly loginDelay: number;
  /** "NEVER" or days; null: nothing is said. */
  readonly expire: string | null;
};

export type Standing = { readonly tls: boolean };

export function mechanismsNow(offer: Offer, { tls }: Standing): readonly string[] {
  return tls ? offer.mechanismsOverTls : offer.mechanismsInClear;
}

/** USER and PASS pass where PLAIN does: it is the same password in clear. */
export function mayUsePassword(offer: Offer, standing: Standing): boolean {
  return mechanismsNow(offer, standing).includes("PLAIN");
}

/**
 * The lines of CAPA: RFC 2449 §6, RFC 2595 §4, RFC 3206 §5, RFC 5034 §3, RFC 6856 §2 and §3. The same before and after the login, but
 * for what TLS and a login make impossible.
 */
export function capabilities(offer: Offer, standing: Standing & { readonly isLoggedIn: boolean }): readonly string[] {
  const mechanisms = mechanismsNow(offer, standing);
  const { tls, isLoggedIn } = standing;
  return [
    "TOP",
    "UIDL",
    "RESP-CODES",
    "AUTH-RESP-CODE",
    "PIPELINING",
    ...(mayUsePassword(offer, standing) ? ["USER"] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.join(" ")}`] : []),
    ...(offer.startTls && !tls && !isLoggedIn ? ["STLS"] : []),
    ...(offer.loginDelay > 0 ? [`LOGIN-DELAY ${offer.loginDelay}`] : []),
    ...(offer.expire === null ? [] : [`EXPIRE ${offer.expire}`]),
    "UTF8 USER",
    "LANG",
    "IMPLEMENTATION Gatepost",
  ];
}
