import type { Address } from "../address/address.ts";
import type { Existence } from "../policy/facts.ts";
import { parseAddress } from "../address/path.ts";
import type { Account } from "./account.ts";
import { isDisguised } from "../policy/disguise.ts";
import { isPostmaster, mailboxKey } from "../address/mailbox-key.ts";

/** Where mail for an address ends: in mailboxes here, or at addresses that leave. Never both empty. */
export type Expansion = {
  readonly mailboxes: readonly Account[];
  readonly away: readonly Address[];
  /** The address was name+tag of one of them, which wants such mail in a mailbox of the tag's name. */
  readonly tagged?: { readonly account: Account; readonly tag: string };
};

export type Lookup = {
  readonly existence: Extract<Existence, "exact" | "covered" | "none" | "loop">;
  readonly expansion: Expansion | "none" | "loop";
};

/**
 * `here`: all its mailboxes are ours. `split`: those that are not here live at another host (`unknown-to`). `away`:
 * all else.
 */
export type DomainKind = "here" | "split" | "away";

/** What is known by name; all look-ups of maps. Keys are those of `mailboxKey`. */
export interface Names {
  account(key: string): Account | undefined;
  aliasTargets(key: string): readonly Address[] | undefined;
  catchAllTargets(domain: string): readonly Address[] | undefined;
  domainKind(domain: string): DomainKind;
  /** Who reads the mail for a postmaster that has no mailbox or alias; `domain` may be "" or a literal. */
  postmaster(domain: string): Account | undefined;
}

/** What one address stands for, one step deep. */
type Step =
  | { readonly is: "mailbox"; readonly account: Account; readonly exact: boolean; readonly tag?: string }
  | {
      readonly is: "list";
      readonly targets: readonly Address[];
      readonly keeps: Account | undefined;
      readonly exact: boolean;
      readonly tag?: string;
    }
  | { readonly is: "nothing" };

/**
 * Looks an address up that the policy has found to be ours, and follows aliases to their ends. Each address is visited
 * once (O-36), so the work is bounded by what is stored, whatever points where.
 */
export function lookUp(address: Address, names: Names): Lookup {
  const first = stepOf(address, names);
  if (first.is === "nothing") return isPostmaster(address) ? lastResort(address, names) : nobody;
  const ends = follow(address, first, names);
  if (ends.mailboxes.length > 0 || ends.away.length > 0) {
    return { existence: first.exact ? "exact" : "covered", expansion: ends };
  }
  if (isPostmaster(address)) return lastResort(address, names);
  return findCycle(address, (from) => targetsOf(from, names)) === null ? nobody : loop;
}

const nobody: Lookup = { existence: "none", expansion: "none" };
const loop: Lookup = { existence: "loop", expansion: "loop" };

/** A postmaster always has a reader (RFC 5321 §4.5.1), as soon as there is any account. */
function lastResort(address: Address, names: Names): Lookup {
  const reader = names.postmaster(address.domain);
  return { existence: "exact", expansion: reader ? { mailboxes: [reader], away: [] } : "none" };
}

function stepOf(address: Address, names: Names): Step {
  const key = mailboxKey(address);
  const exact = exactStep(key, names);
  if (exact.is !== "nothing" || isDisguised(address) || isPostmaster(address)) return exact;
  const plus = address.localPart.indexOf("+");
  if (plus > 0) {
    const base = mailboxKey({ localPart: address.localPart.slice(0, plus), domain: address.domain });
    // The tag goes where the name itself goes, also when that is a forward.
    if (names.account(base)?.plusAddressing) return inexact(exactStep(base, names), address.localPart.slice(plus + 1));
  }
  const targets = names.catchAllTargets(address.domain);
  return targets === undefined ? exact : { is: "list", targets, keeps: undefined, exact: false };
}

function inexact(step: Step, tag: string): Step {
  return step.is === "nothing" ? step : { ...step, exact: false, tag };
}

function exactStep(key: string, names: Names): Step {
  const account = names.account(key);
  const targets = names.aliasTargets(key);
  if (targets === undefined) return account === undefined ? { is: "nothing" } : ownStep(account);
  const keeps = targets.some((target) => mailboxKey(target) === key) ? account : undefined;
  return { is: "list", targets, keeps, exact: true };
}

/** Its mailbox, and where its owner lets it be forwarded. */
function ownStep(account: Account): Step {
  if (account.forwardTo.length === 0) return { is: "mailbox", account, exact: true };
  const targets = account.forwardTo.flatMap((text) => {
    const target = parseAddress(text, { kind: "forward", allowsUtf8: true });
    return "refused" in target ? [] : [target];
  });
  return { is: "list", targets, keeps: account.keepsForwarded ? account : undefined, exact: true };
}

function follow(address: Address, first: Step, names: Names): Expansion {
  const visited = new Set([mailboxKey(address)]);
  const mailboxes = new Set<Account>();
  const away = new Map<string, Address>();
  const pending: Step[] = [first];
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    if (step.is === "mailbox") mailboxes.add(step.account);
    if (step.is !== "list") continue;
    if (step.keeps) mailboxes.add(step.keeps);
    for (const target of step.targets) {
      const key = mailboxKey(target);
      const kind = names.domainKind(target.domain);
      const next = kind === "away" ? "leaves" : visited.has(key) ? "seen" : stepOrLeave(target, kind, names);
      visited.add(key);
      // A foreign host may tell the case of local parts apart: there the address counts as it is written.
      if (next === "leaves") away.set(`${target.localPart}@${target.domain}`, target);
      else if (next !== "seen") pending.push(next);
    }
  }
  const tagged = taggedBy(first);
  return { mailboxes: [...mailboxes], away: [...away.values()], ...(tagged === null ? {} : { tagged }) };
}

function taggedBy(first: Step): NonNullable<Expansion["tagged"]> | null {
  if (first.is === "nothing" || first.tag === undefined || first.tag === "") return null;
  const account = first.is === "mailbox" ? first.account : first.keeps;
  return account === undefined || account.plusMailbox === "none" ? null : { account, tag: first.tag };
}

function stepOrLeave(target: Address, kind: DomainKind, names: Names): Step | "leaves" {
  const step = stepOf(target, names);
  if (step.is !== "nothing") return step;
  const reader = isPostmaster(target) ? names.postmaster(target.domain) : undefined;
  if (reader) return { is: "mailbox", account: reader, exact: true };
  return kind === "split" ? "leaves" : step;
}

/** One step for `findCycle`. A forward that keeps a copy names itself: that is no ring. */
export function targetsOf(address: Address, names: Names): readonly Address[] {
  if (names.domainKind(address.domain) === "away") return [];
  const step = stepOf(address, names);
  if (step.is !== "list") return [];
  return step.keeps ? step.targets.filter((target) => mailboxKey(target) !== mailboxKey(address)) : step.targets;
}

/**
 * The first ring of addresses that is met on the way from `start`, for people: a, b, a. `stepsFrom` gives one step.
 * Visits each address once.
 */
export function findCycle(
  start: Address,
  stepsFrom: (address: Address) => readonly Address[],
): readonly Address[] | null {
  type Frame = { readonly address: Address; readonly key: string; readonly rest: Address[] };
  const done = new Set<string>();
  const open = new Set<string>();
  const frames: Frame[] = [];
  const enter = (address: Address): void => {
    const key = mailboxKey(address);
    open.add(key);
    frames.push({ address, key, rest: stepsFrom(address).toReversed() });
  };
  enter(start);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const target = frame.rest.pop();
    if (target === undefined) {
      frames.pop();
      open.delete(frame.key);
      done.add(frame.key);
      continue;
    }
    const key = mailboxKey(target);
    if (open.has(key)) {
      const from = frames.findIndex((one) => one.key === key);
      return [...frames.slice(from).map((one) => one.address), target];
    }
    if (!done.has(key)) enter(target);
  }
  return null;
}
