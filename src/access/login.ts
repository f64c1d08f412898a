import { type Account, addressOf } from "../accounts/account.ts";
import type { Authenticator } from "../accounts/authenticator.ts";
import type { Exchange, ExchangeStep, LoginRefusal } from "../accounts/exchange.ts";
import { formatAddress } from "../address/path.ts";
import type { Emit } from "../events/emit.ts";
import { beginExchange } from "../net/exchange.ts";
import { decodeBase64 } from "../sasl/base64.ts";
import type { Connection } from "./connection.ts";

export type LoginContext = { readonly authenticator: Authenticator; readonly emit: Emit };

/** What the client hears or has to answer next. */
export type LoginStep =
  | { readonly do: "challenge"; readonly data: Buffer }
  | { readonly do: "accept"; readonly account: Account }
  /** `isLast`: it has failed too often, the session ends. */
  | { readonly do: "refuse"; readonly reason: LoginFailure; readonly isLast: boolean };

/** `cancelled`: the client sent "*". `not-offered`: no such mechanism, or not without TLS. */
export type LoginFailure = LoginRefusal | "cancelled" | "not-offered";

/** Wrong passwords in one session before it is closed. */
const maxFailures = 5;

/** The logins of one session, by SASL or by name and password, with the same throttle and the same words in the log. */
export class Login {
  readonly #context: LoginContext;
  readonly #connection: Connection;
  #exchange: Exchange | null = null;
  #failures = 0;

  constructor(context: LoginContext, connection: Connection) {
    this.#context = context;
    this.#connection = connection;
  }

  /** `initial`: null when the client sent no initial response. */
  begin(mechanism: string, initial: Buffer | null): LoginStep | Promise<LoginStep> {
    const { visit, socket } = this.#connection;
    const exchange = beginExchange(this.#context.authenticator, visit, { mechanism, socket });
    if (exchange === null) return this.#refuse("not-offered");
    this.#exchange = exchange;
    return this.#respond(exchange, initial);
  }

  /** A line of the client: base64, or "*". Null: a line that cannot be one. */
  answer(line: string | null): LoginStep | Promise<LoginStep> {
    if (this.#exchange === null) throw new Error("an answer without a login");
    if (line === "*") return this.#refuse("cancelled");
    const response = line === null ? null : decodeBase64(line);
    return response === null ? this.#refuse("malformed") : this.#respond(this.#exchange, response);
  }

  /** USER and PASS, or LOGIN: as by PLAIN, so that one rule says where passwords may pass. */
  byPassword(login: string, password: string): LoginStep | Promise<LoginStep> {
    return this.begin("PLAIN", Buffer.from(`\0${login}\0${password}`));
  }

  #respond(exchange: Exchange, response: Buffer | null): LoginStep | Promise<LoginStep> {
    const step = exchange.respond(response);
    return step instanceof Promise ? step.then((later) => this.#take(later)) : this.#take(step);
  }

  #take(step: ExchangeStep): LoginStep {
    switch (step.do) {
      case "challenge":
        return step;
      case "accept": {
        this.#exchange = null;
        // It may be over by now: a login that nobody hears of is none.
        if (this.#connection.isOver) return step;
        const { visit } = this.#connection;
        visit.account = step.account;
        const account = formatAddress(addressOf(step.account));
        this.#context.emit({ name: "login-accepted", session: visit.session, client: visit.clientText, account });
        return step;
      }
      case "refuse":
        return this.#refuse(step.reason);
      default:
        return step satisfies never;
    }
  }

  #refuse(reason: LoginFailure): LoginStep {
    this.#exchange = null;
    const { session, clientText } = this.#connection.visit;
    this.#context.emit({ name: "login-refused", session, client: clientText, reason });
    return { do: "refuse", reason, isLast: ++this.#failures >= maxFailures };
  }
}
