import type { Socket } from "node:net";
import type { Account } from "../accounts/account.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import type { Exchange, ExchangeStep } from "../accounts/exchange.ts";
import { beginExchange } from "../net/exchange.ts";
import { parseAuthResponse } from "../smtp/auth-response.ts";
import type { Line } from "../smtp/line-decoder.ts";
import type { Reply } from "../smtp/reply.ts";
import * as replies from "../smtp/replies.ts";
import type { Visit } from "./visit.ts";

/** What the client hears or has to answer next in a login. */
export type LoginStep =
  | { readonly do: "challenge"; readonly reply: Reply }
  | { readonly do: "accept"; readonly account: Account; readonly reply: Reply }
  | { readonly do: "refuse"; readonly reply: Reply; readonly reason: string };

/** One AUTH command from its first to its last line (RFC 4954 §4): base64 outside, the SASL exchange inside. */
export class Login {
  readonly #exchange: Exchange;

  private constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Null: there is no such mechanism here. */
  static open(
    authenticator: Authenticator,
    visit: Visit,
    way: { readonly mechanism: string; readonly socket: Socket },
  ): Login | null {
    const exchange = beginExchange(authenticator, visit, way);
    return exchange === null ? null : new Login(exchange);
  }

  /** `initial`: null when the client sent no initial response. */
  begin(initial: Buffer | null): LoginStep | Promise<LoginStep> {
    return translate(this.#exchange.respond(initial));
  }

  /** A line of the client: an answer, "*", or nonsense. */
  answer(line: Line): LoginStep | Promise<LoginStep> {
    const response = parseAuthResponse(line);
    if ("lines" in response) return { do: "refuse", reply: response, reason: response.lines[0] ?? "" };
    return translate(this.#exchange.respond(response));
  }
}

function translate(step: ExchangeStep | Promise<ExchangeStep>): LoginStep | Promise<LoginStep> {
  return step instanceof Promise ? step.then(translateStep) : translateStep(step);
}

function translateStep(step: ExchangeStep): LoginStep {
  switch (step.do) {
    case "challenge":
      return { do: "challenge", reply: replies.challenge(step.data) };
    case "accept":
      return { do: "accept", account: step.account, reply: replies.authenticated };
    case "refuse":
      return { do: "refuse", reply: replyFor(step.reason), reason: step.reason };
    default:
      return step satisfies never;
  }
}

/** A disabled account sounds like a wrong password: a stranger learns nothing about which accounts there are. */
function replyFor(reason: Extract<ExchangeStep, { do: "refuse" }>["reason"]): Reply {
  switch (reason) {
    case "credentials":
    case "disabled":
      return replies.badCredentials;
    case "malformed":
      return replies.authMalformed;
    case "busy":
    case "throttled":
    case "unavailable":
      return replies.authTryLater;
    default:
      return reason satisfies never;
  }
}
