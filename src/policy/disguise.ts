import type { Address } from "../address/address.ts";

/**
 * Forms that hide another address: routing by "%" or "!", a quoted "@", and the encapsulations of Exchange (relay-policy
 * §2.3). No one ever unpacks them; where mail is let in for the domain's sake they are refused unless exactly that name exists.
 */
export function isDisguised({ localPart }: Pick<Address, "localPart">): boolean {
  return /[%!@]/.test(localPart) || /^IMCEA[^-]*-/i.test(localPart);
}
