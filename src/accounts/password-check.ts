import { timingSafeEqual } from "node:crypto";
import { scramKeys, type ScramKeys, type ScramSalt } from "../sasl/scram-keys.ts";
import type { AppPassword, Credentials } from "../store/credentials.ts";
import { asAppPassword } from "./generated.ts";
import type { Purpose } from "./exchange.ts";
import type { Hasher } from "./hasher.ts";
import { isPassword, nobodysHash, parsePasswordHash } from "./password.ts";

/** Which password it was. `until`: the end of an app password. */
export type PasswordMatch = { readonly kind: "chosen" } | { readonly kind: "app"; readonly appPassword: AppPassword };

export type PasswordChecker = (attempt: {
  readonly password: string;
  /** `null`: there is no such account. */
  readonly credentials: Credentials | null;
  readonly imaginedSalt: ScramSalt;
  readonly now: number;
  readonly purpose: Purpose;
}) => Promise<PasswordMatch | null>;

/**
 * Checks a password in clear. One slow hash each time, and which one is decided by the shape of the password alone, so
 * that an account that does not exist, or has no such password, costs the same.
 */
export function createPasswordChecker(hasher: Hasher): PasswordChecker {
  const nobodys = nobodysHash(hasher);
  return async ({ password, credentials, imaginedSalt, now, purpose }) => {
    const typed = asAppPassword(password);
    if (typed !== null) {
      const { salt, iterations } = saltOf(credentials, now) ?? imaginedSalt;
      const { storedKey } = scramKeys(await hasher.pbkdf2(typed, salt, iterations));
      const appPassword = liveAppPasswords(credentials, now).find(
        ({ verifier, scope }) => scope.includes(purpose) && timingSafeEqual(verifier.storedKey, storedKey),
      );
      return appPassword ? { kind: "app", appPassword } : null;
    }
    const kept = credentials?.password ? parsePasswordHash(credentials.password) : null;
    const matches = await isPassword(password, kept ?? nobodys, hasher);
    return kept !== null && matches ? { kind: "chosen" } : null;
  };
}

/** What a SCRAM proof may be made with: all verifiers that go with the salt which is shown. */
export function scramCandidates(
  credentials: Credentials | null,
  { now, purpose }: { readonly now: number; readonly purpose: Purpose },
): readonly (ScramKeys & { readonly match: PasswordMatch })[] {
  const salt = saltOf(credentials, now);
  if (salt === null) return [];
  const chosen = credentials?.verifier;
  return [
    ...(chosen ? [{ ...chosen, match: { kind: "chosen" } as const }] : []),
    ...liveAppPasswords(credentials, now)
      .filter(({ scope }) => scope.includes(purpose))
      .map((one) => ({ ...one.verifier, match: { kind: "app", appPassword: one } as const })),
  ].filter((verifier) => verifier.salt.equals(salt.salt) && verifier.iterations === salt.iterations);
}

/** The one salt of the account's verifiers (`verifier.ts`); `null` when it has none that counts now. */
export function saltOf(credentials: Credentials | null, now: number): ScramSalt | null {
  return credentials?.verifier ?? liveAppPasswords(credentials, now)[0]?.verifier ?? null;
}

type Usable = AppPassword & { readonly verifier: NonNullable<AppPassword["verifier"]> };

function liveAppPasswords(credentials: Credentials | null, now: number): readonly Usable[] {
  const isUsable = (one: AppPassword): one is Usable =>
    one.verifier !== null && (one.expiresAt === null || now < one.expiresAt);
  return credentials?.appPasswords.filter(isUsable) ?? [];
}
