import { nextLogin, type LoginState } from "../sasl/login.ts";
import { parsePlain } from "../sasl/plain.ts";
import type { Exchange, LoginContext } from "./exchange.ts";
import type { LoginDesk } from "./login-desk.ts";

/** PLAIN: one message, with the command or after an empty challenge (RFC 4616, RFC 4954 §4). */
export function plainExchange(desk: LoginDesk, context: LoginContext): Exchange {
  return {
    respond(response) {
      if (response === null) return { do: "challenge", data: Buffer.alloc(0) };
      const claim = parsePlain(response);
      return "refused" in claim ? { do: "refuse", reason: "malformed" } : desk.checkClaim(claim, context);
    },
  };
}

/** LOGIN: a name and a password, each after its prompt; the name may come with the command. */
export function loginExchange(desk: LoginDesk, context: LoginContext): Exchange {
  let state: LoginState = { wants: "name" };
  return {
    respond(response) {
      const step = nextLogin(state, response);
      switch (step.do) {
        case "challenge":
          state = step.state;
          return { do: "challenge", data: step.data };
        case "check":
          return desk.checkClaim(step.claim, context);
        case "refuse":
          return { do: "refuse", reason: "malformed" };
        default:
          return step satisfies never;
      }
    },
  };
}
