import { saslprep } from "../sasl/saslprep.ts";
import {
  challengeScram,
  parseClientFinal,
  parseClientFirst,
  type ScramChallenge,
  type ScramOffer,
} from "../sasl/scram.ts";
import type { Account } from "./account.ts";
import type { Exchange, ExchangeStep, LoginContext } from "./exchange.ts";
import type { LoginDesk, ScramLogin } from "./login-desk.ts";

/**
 * What the next response is. `farewell`: the proof was right, our own is with the client (RFC 4954 §4: an empty
 * response follows).
 */
type State =
  | { readonly wants: "opening" }
  | { readonly wants: "proof"; readonly challenge: ScramChallenge; readonly login: ScramLogin }
  | { readonly wants: "farewell"; readonly account: Account }
  | { readonly wants: "nothing" };

const malformed: ExchangeStep = { do: "refuse", reason: "malformed" };

/**
 * SCRAM-SHA-256 with or without PLUS. The exchange looks the same whether the account exists, has a verifier, or not.
 */
export function scramExchange(desk: LoginDesk, context: LoginContext, offer: ScramOffer): Exchange {
  let state: State = { wants: "opening" };

  async function open(message: Buffer): Promise<ExchangeStep> {
    const opening = parseClientFirst(message, offer);
    if ("refused" in opening) return malformed;
    const name = saslprep(opening.login);
    const authorizationId = opening.authorizationId === "" ? "" : saslprep(opening.authorizationId);
    if (typeof name !== "string" || typeof authorizationId !== "string") return malformed;
    const login = await desk.openScram({ login: name, authorizationId });
    if (login === null) return { do: "refuse", reason: "unavailable" };
    const challenge = challengeScram(opening, desk.nonce(), login.salt);
    state = { wants: "proof", challenge, login };
    return { do: "challenge", data: challenge.message };
  }

  function prove(message: Buffer, challenge: ScramChallenge, login: ScramLogin): ExchangeStep {
    const proof = parseClientFinal(challenge, message);
    // A nonce or a binding of another exchange is a proof that failed, not a mistake in writing (RFC 5802 §5.1).
    if ("refused" in proof) return { do: "refuse", reason: "credentials" };
    const checked = desk.checkScram(login, proof, context);
    if ("reason" in checked) return { do: "refuse", reason: checked.reason };
    state = { wants: "farewell", account: checked.account };
    return { do: "challenge", data: checked.message };
  }

  return {
    respond(response) {
      const now = state;
      if (response === null) return now.wants === "opening" ? { do: "challenge", data: Buffer.alloc(0) } : malformed;
      state = { wants: "nothing" };
      switch (now.wants) {
        case "opening":
          return open(response);
        case "proof":
          return prove(response, now.challenge, now.login);
        case "farewell":
          return response.length === 0 ? desk.admit(now.account) : malformed;
        case "nothing":
          return malformed;
        default:
          return now satisfies never;
      }
    },
  };
}
