import type { Emit } from "../events/emit.ts";
import type { PlainClaim } from "../sasl/plain.ts";
import { saslprep } from "../sasl/saslprep.ts";
import type { ScramSalt } from "../sasl/scram-keys.ts";
import { checkProof, type ScramProof } from "../sasl/scram.ts";
import { credentialsOf, noteAppPasswordUse, readCredentials, type Credentials } from "../store/credentials.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "../time/clock.ts";
import type { Account } from "./account.ts";
import type { ExchangeStep, LoginContext, LoginRefusal, Purpose } from "./exchange.ts";
import type { Directory } from "./directory.ts";
import type { HashBench } from "./hash-bench.ts";
import type { Hasher } from "./hasher.ts";
import { imaginedSalt } from "./login-secret.ts";
import { networkOf } from "./network.ts";
import { createPasswordChecker, saltOf, scramCandidates, type PasswordMatch } from "./password-check.ts";
import type { Throttle } from "./throttle.ts";
import type { WarmLogins } from "./warm-logins.ts";

/** What the exchanges ask once they know what the client claims. */
export interface LoginDesk {
  checkClaim(claim: PlainClaim, context: LoginContext): ExchangeStep | Promise<ExchangeStep>;
  /** `null`: the store did not answer. */
  openScram(names: ScramNames): Promise<ScramLogin | null>;
  checkScram(login: ScramLogin, proof: ScramProof, context: LoginContext): ScramAnswer;
  /** The last word: the account as it is at this moment. */
  admit(account: Account): ExchangeStep;
  nonce(): string;
}

/** Prepared by `saslprep`; "" when there is no authorization identity. */
export type ScramNames = { readonly login: string; readonly authorizationId: string };

/** Who wants to log in; `account` is `null` when nobody has that name or the claim is to act as somebody else. */
type Claimant = { readonly account: Account | null; readonly canonical: string };
export type ScramLogin = Claimant & { readonly credentials: Credentials | null; readonly salt: ScramSalt };
export type ScramAnswer = { readonly account: Account; readonly message: Buffer } | { readonly reason: LoginRefusal };

export type DeskParts = {
  readonly store: Store;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly hasher: Hasher;
  readonly bench: HashBench;
  readonly throttle: Throttle;
  readonly warm: WarmLogins;
  /** From `loadLoginSecret`. */
  readonly secret: Buffer;
};

/** Ids come from `Store.nextId`, which never gives this one: a look-up that finds nothing and costs the same. */
const nobodysId = -1;

/** An app password's last use is written down once in this time, not at every login. */
const useNotedEveryMs = 60 * 60 * 1000;

const refuse = (reason: LoginRefusal): ExchangeStep => ({ do: "refuse", reason });

export function createLoginDesk(parts: DeskParts): LoginDesk {
  const { store, directory, clock, emit, hasher, bench, throttle, warm, secret } = parts;
  const check = createPasswordChecker(hasher);
  const nobodysKeys = { storedKey: hasher.random(32), serverKey: hasher.random(32) };

  function claimantOf({ login, authorizationId }: ScramNames): Claimant {
    const account = directory.byLogin(login);
    // RFC 4616 §2: to act as oneself is the one thing allowed; written in another way it is still oneself.
    const isItself = authorizationId === "" || directory.byLogin(authorizationId)?.id === account?.id;
    return { account: isItself ? account : null, canonical: directory.canonicalLogin(login) };
  }

  /** Rejects when the store does not answer. Costs the same for nobody. */
  async function credentialsFor(account: Account | null): Promise<Credentials | null> {
    return credentialsOf(await store.read(readCredentials(account?.id ?? nobodysId)));
  }

  function checkClaim(claim: PlainClaim, context: LoginContext): ExchangeStep | Promise<ExchangeStep> {
    const login = saslprep(claim.login);
    const password = saslprep(claim.password);
    const authorizationId = claim.authorizationId === "" ? "" : saslprep(claim.authorizationId);
    // An empty name or password is nobody's (O-08); so is one that cannot be prepared: none was ever set.
    if (typeof login !== "string" || typeof password !== "string" || typeof authorizationId !== "string") {
      return refuse("credentials");
    }
    const { account, canonical } = claimantOf({ login, authorizationId });
    const attempt = throttle.admit(canonical, networkOf(context.client));
    if (attempt === null) return refuse("throttled");
    if (account !== null && warm.knows({ ...account, purpose: context.purpose }, password)) {
      attempt.succeeded();
      return admit(account);
    }
    const outcome = hashAndCompare(account, canonical, password, context);
    return outcome.then(
      (found) => {
        if (found === null) attempt.withdrawn();
        else if (found.match === null) attempt.failed();
        else attempt.succeeded();
        if (found === null) return refuse("busy");
        if (found.match === null || account === null || found.credentials === null) return refuse("credentials");
        return welcome(account, found.credentials, { password, match: found.match, purpose: context.purpose });
      },
      (problem: unknown) => {
        attempt.withdrawn();
        return unavailable(problem);
      },
    );
  }

  function hashAndCompare(account: Account | null, canonical: string, password: string, context: LoginContext) {
    return bench.run(networkOf(context.client), async () => {
      const credentials = await credentialsFor(account);
      const match = await check({
        password,
        credentials,
        imaginedSalt: imaginedSalt(canonical, secret),
        now: clock.now(),
        purpose: context.purpose,
      });
      return { credentials, match };
    });
  }

  /** The password was right. `password`: known for a while without the slow hash. */
  function welcome(
    account: Account,
    credentials: Credentials,
    { password, match, purpose }: { password?: string; match: PasswordMatch; purpose: Purpose },
  ): ExchangeStep {
    // A password that was changed while we looked at it does not count any more.
    if ((directory.account(account.id)?.passwordVersion ?? Infinity) > credentials.passwordVersion)
      return refuse("credentials");
    if (match.kind === "app") noteUse(match.appPassword.id, match.appPassword.lastUsedAt);
    if (password !== undefined) {
      const until = match.kind === "app" ? match.appPassword.expiresAt : null;
      warm.remember(
        { id: account.id, passwordVersion: credentials.passwordVersion, purpose },
        password,
        until ?? undefined,
      );
    }
    return admit(account);
  }

  function admit(account: Account): ExchangeStep {
    const now = directory.account(account.id);
    if (now === null) return refuse("credentials");
    return now.isEnabled ? { do: "accept", account: now } : refuse("disabled");
  }

  /** Nobody waits for it: a lost note is a date that is an hour older. */
  function noteUse(id: number, lastUsedAt: number | null): void {
    const now = clock.now();
    if (lastUsedAt !== null && now - lastUsedAt < useNotedEveryMs) return;
    store.commit([noteAppPasswordUse(id, now)]).catch(() => {});
  }

  function unavailable(problem: unknown): ExchangeStep {
    emit({
      name: "trouble",
      doing: "checking a login",
      problem: problem instanceof Error ? problem.message : String(problem),
    });
    return refuse("unavailable");
  }

  return {
    checkClaim,
    admit,
    nonce: () => hasher.random(18).toString("base64"),
    async openScram(names) {
      const claimant = claimantOf(names);
      try {
        const credentials = await credentialsFor(claimant.account);
        const salt = saltOf(credentials, clock.now()) ?? imaginedSalt(claimant.canonical, secret);
        return { ...claimant, credentials, salt };
      } catch (problem) {
        unavailable(problem);
        return null;
      }
    },
    checkScram({ account, canonical, credentials }, proof, context) {
      const attempt = throttle.admit(canonical, networkOf(context.client));
      if (attempt === null) return { reason: "throttled" };
      const candidates = scramCandidates(credentials, { now: clock.now(), purpose: context.purpose });
      const proven = checkProof(proof, candidates.length > 0 ? candidates : [nobodysKeys]);
      const match = proven && candidates[proven.index]?.match;
      if (!proven || !match || account === null || credentials === null) {
        attempt.failed();
        return { reason: "credentials" };
      }
      attempt.succeeded();
      const step = welcome(account, credentials, { match, purpose: context.purpose });
      if (step.do === "accept") return { account, message: proven.message };
      return { reason: step.do === "refuse" ? step.reason : "credentials" };
    },
  };
}
