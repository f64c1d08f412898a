import type { Refusal } from "../address/address.ts";
import { parseUtf8, type PlainClaim } from "./plain.ts";

/** Clients compare the prompts octet by octet: these two and no others (O-14). There is no RFC for LOGIN. */
export const loginPrompts = { name: Buffer.from("Username:"), password: Buffer.from("Password:") } as const;

export type LoginState = { readonly wants: "name" } | { readonly wants: "password"; readonly login: string };

export type LoginStep =
  | { readonly do: "challenge"; readonly data: Buffer; readonly state: LoginState }
  | { readonly do: "check"; readonly claim: PlainClaim }
  | ({ readonly do: "refuse" } & Refusal);

/**
 * One step of LOGIN. The name may come with the command (O-13); an empty initial response ("=", RFC 4954 §4) is an
 * empty name. Empty names and passwords end in a claim that nobody can meet: clients expect the second prompt all the
 * same.
 */
export function nextLogin(state: LoginState, response: Buffer | null): LoginStep {
  if (response === null) return { do: "challenge", data: loginPrompts.name, state };
  const text = parseUtf8(response);
  if (typeof text !== "string") return { do: "refuse", refused: text.refused };
  if (text.includes("\0")) return { do: "refuse", refused: "the response has a NUL in it" };
  if (state.wants === "name") {
    return { do: "challenge", data: loginPrompts.password, state: { wants: "password", login: text } };
  }
  return { do: "check", claim: { authorizationId: "", login: state.login, password: text } };
}
