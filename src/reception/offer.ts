import type { Authenticator } from "../accounts/authenticator.ts";
import type { Config, ReceptionListener } from "../config/schema.ts";
import type { Offer } from "../smtp/offer.ts";

/**
 * What a listener offers. There are two per listener, with and without DSN (only clients that hold a grant are offered it,
 * relay-policy §2.5), made once: the session formats the EHLO reply of an offer once too.
 */
export function makeOffers(
  listener: ReceptionListener,
  context: { readonly config: Config; readonly authenticator: Authenticator },
): { readonly toStrangers: Offer; readonly toGranted: Offer } {
  const { config, authenticator } = context;
  const offersAuth = listener.kind === "submission" || listener.auth;
  const isOff = (extension: ReceptionListener["extensionsOff"][number]) => listener.extensionsOff.includes(extension);
  const offer = (dsn: boolean): Offer => ({
    hostname: config.hostname,
    kind: listener.kind,
    maxSize: config.limits.messageSize,
    maxRecipients: config.limits.recipients,
    startTls: listener.tls === "starttls",
    mechanismsInClear:
      offersAuth && listener.allowClearAuth
        ? authenticator.mechanisms({ tls: false, channelBinding: false, listener: listener.name })
        : [],
    mechanismsOverTls: offersAuth
      ? authenticator.mechanisms({ tls: true, channelBinding: true, listener: listener.name })
      : [],
    dsn,
    smtpUtf8: !isOff("SMTPUTF8"),
    eightBitMime: !isOff("8BITMIME"),
    brackets: listener.brackets,
  });
  return { toStrangers: offer(false), toGranted: offer(!isOff("DSN")) };
}
