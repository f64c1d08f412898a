import type { Completion } from "../imap/response.ts";
import type { LoginFailure } from "./login.ts";

/** What a refused LOGIN or AUTHENTICATE hears (RFC 5530). A disabled account sounds like a wrong password. */
export function loginRefusal(reason: LoginFailure): Completion {
  switch (reason) {
    case "credentials":
    case "disabled":
      return { status: "NO", code: "AUTHENTICATIONFAILED", text: "Name or password is wrong" };
    case "malformed":
      return { status: "BAD", text: "That is no answer of this mechanism" };
    case "cancelled":
      return { status: "BAD", text: "Cancelled" };
    case "not-offered":
      return { status: "NO", code: "CANNOT", text: "There is no such mechanism here" };
    case "busy":
    case "throttled":
    case "unavailable":
      return { status: "NO", code: "UNAVAILABLE", text: "Try again later" };
    default:
      return reason satisfies never;
  }
}
