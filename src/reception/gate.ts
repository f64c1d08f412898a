import { addressOf } from "../accounts/account.ts";
import type { Directory } from "../accounts/directory.ts";
import type { Address, Ip, ReversePath } from "../address/address.ts";
import { formatAddress } from "../address/path.ts";
import type { Emit } from "../events/emit.ts";
import type { Decision } from "../policy/decision.ts";
import type { AccountFacts, Existence, Facts, Recipients } from "../policy/facts.ts";
import { factsToJson, type KnownRecipient } from "../policy/facts-json.ts";
import { holdsGrant, judge, judgeConnection, judgeSender } from "../policy/judge.ts";
import type { Policy } from "../policy/policy.ts";
import type { VerifiedHost } from "../policy/routing-table.ts";
import type { FinalDelivery } from "../mailboxes/final-delivery.ts";
import * as replies from "../smtp/replies.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Answer } from "../smtp/server-session.ts";
import type { Journal } from "../store/journal.ts";
import type { JournalledDecision } from "../store/journal-rows.ts";
import { replyFor } from "./refusal.ts";
import type { Verifier } from "./verifier.ts";
import type { Visit } from "./visit.ts";

/** The policy in force; replaced as a whole when a new version is applied. */
export type PolicyInForce = { readonly policy: Policy; readonly version: number };

export type GateContext = {
  readonly policy: () => PolicyInForce;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly verifier: Pick<Verifier, "existence">;
  readonly now: () => number;
  readonly clockIsBehind: () => boolean;
  readonly emit: Emit;
  readonly finalDelivery: Pick<FinalDelivery, "isFull">;
  /** What is said when there is no room left. */
  readonly mailboxFull: Reply;
};

/** A recipient that was let in, with the decision that did it. */
export type Admitted = { readonly decision: Decision; readonly journalled: JournalledDecision };

export type RecipientAnswer = { readonly answer: Answer; readonly admitted: Admitted | null };

const accepted: Answer = { ok: true };

/** Collects what a judgement needs, judges, journals, and answers the session. The only place in reception that judges. */
export class Gate {
  readonly #context: GateContext;

  constructor(context: GateContext) {
    this.#context = context;
  }

  admitsConnection(client: Ip): boolean {
    return judgeConnection(this.#context.policy().policy, client) === null;
  }

  /** Whether DSN is offered: only to clients that hold a grant (relay-policy §2.5). */
  holdsGrant(visit: Visit): boolean {
    const { client, local, listener } = visit;
    const { policy, now, clockIsBehind } = this.#context;
    return holdsGrant(policy().policy, { client, local, listener, now: now(), clockIsBehind: clockIsBehind() });
  }

  /** At MAIL: is a login missing, may this account use this reverse-path? Account state is read again here. */
  sender(visit: Visit, reversePath: ReversePath): Answer {
    if (visit.listener.kind === "relay" && visit.account === null) return accepted;
    const facts = this.#facts(visit, { reversePath, forwardPath: noRecipientYet });
    const decision = judgeSender(this.#context.policy().policy, facts);
    return decision === null ? accepted : this.#refuse(visit, facts, { decision, known: [] });
  }

  /** At RCPT: one decision for one recipient. A promise only when another host has to be asked. */
  recipient(
    visit: Visit,
    envelope: { readonly reversePath: ReversePath; readonly forwardPath: Address },
  ): RecipientAnswer | Promise<RecipientAnswer> {
    const facts = this.#facts(visit, envelope);
    const recipients = new AskedRecipients(this.#context);
    const decision = judge(this.#context.policy().policy, facts, recipients);
    if (recipients.waitsFor !== null) return this.#recipientLater(visit, facts, recipients);
    return this.#answer(visit, facts, { decision, known: recipients.known });
  }

  /** Judged again once the answer is there; by the policy then in force, which may ask somebody else. */
  async #recipientLater(visit: Visit, facts: Facts, recipients: AskedRecipients): Promise<RecipientAnswer> {
    let decision: Decision;
    do {
      await recipients.waitsFor;
      decision = judge(this.#context.policy().policy, facts, recipients);
    } while (recipients.waitsFor !== null);
    return this.#answer(visit, facts, { decision, known: recipients.known });
  }

  #answer(visit: Visit, facts: Facts, judged: Judged): RecipientAnswer | Promise<RecipientAnswer> {
    const { destination } = judged.decision;
    if (destination === undefined) return { answer: this.#refuse(visit, facts, judged), admitted: null };
    if (visit.listener.kind === "lmtp" && destination.kind === "away") return this.#refuseAway(visit, facts, judged);
    const isFull = destination.kind === "here" && this.#isFull(destination.address);
    if (isFull === false) return this.#admit(visit, facts, judged);
    if (isFull === true) return this.#putOff(visit, facts, judged);
    return isFull.then((full) => (full ? this.#putOff(visit, facts, judged) : this.#admit(visit, facts, judged)));
  }

  /** Whether there is no room where its mail ends. */
  #isFull(address: Address): boolean | Promise<boolean> {
    const ends = this.#context.directory.expand(address);
    return typeof ends === "object" && this.#context.finalDelivery.isFull(ends.mailboxes);
  }

  /** LMTP is for mailboxes here; what leaves goes by a relay listener (RFC 2033 §5). */
  #refuseAway(visit: Visit, facts: Facts, judged: Judged): RecipientAnswer {
    const journalled = { ...this.#journalled(visit, facts, judged), verdict: "refuse", rule: "not-by-lmtp" } as const;
    const ref = this.#tellRefused(visit, journalled);
    return { answer: { ok: false, reply: replies.relayDenied(ref) }, admitted: null };
  }

  #putOff(visit: Visit, facts: Facts, judged: Judged): RecipientAnswer {
    const journalled = { ...this.#journalled(visit, facts, judged), verdict: "defer", rule: "mailbox-full" } as const;
    this.#tellRefused(visit, journalled);
    return { answer: { ok: false, reply: this.#context.mailboxFull }, admitted: null };
  }

  #admit(visit: Visit, facts: Facts, judged: Judged): RecipientAnswer {
    const { decision } = judged;
    return { answer: accepted, admitted: { decision, journalled: this.#journalled(visit, facts, judged) } };
  }

  #refuse(visit: Visit, facts: Facts, judged: Judged): Answer {
    const ref = this.#tellRefused(visit, this.#journalled(visit, facts, judged));
    return { ok: false, reply: replyFor(judged.decision, ref) };
  }

  #tellRefused(visit: Visit, journalled: JournalledDecision): string {
    const ref = this.#context.journal.refused(journalled);
    this.#context.emit({
      name: "recipient-refused",
      session: visit.session,
      listener: visit.listener.name,
      client: visit.clientText,
      reversePath: journalled.reverse_path,
      forwardPath: journalled.forward_path,
      rule: journalled.rule,
      ref,
    });
    return ref;
  }

  #journalled(visit: Visit, facts: Facts, { decision, known }: Judged): JournalledDecision {
    return {
      at: facts.now,
      verdict: decision.verdict,
      rule: decision.rule,
      policy_version: this.#context.policy().version,
      listener: visit.listener.name,
      client: visit.clientText,
      account: visit.account === null ? null : formatAddress(addressOf(visit.account)),
      reverse_path: facts.reversePath === null ? "" : formatAddress(facts.reversePath),
      forward_path: facts.forwardPath === noRecipientYet ? "" : formatAddress(facts.forwardPath),
      facts: () => factsToJson(facts, known),
      entry_id: null,
    };
  }

  #facts(visit: Visit, envelope: { readonly reversePath: ReversePath; readonly forwardPath: Address }): Facts {
    return {
      client: visit.client,
      local: visit.local,
      listener: visit.listener,
      tls: visit.tls !== null,
      account: this.#accountFacts(visit, envelope.reversePath),
      reversePath: envelope.reversePath,
      forwardPath: envelope.forwardPath,
      now: this.#context.now(),
      clockIsBehind: this.#context.clockIsBehind(),
    };
  }

  #accountFacts(visit: Visit, reversePath: ReversePath): AccountFacts | null {
    const { account } = visit;
    if (account === null) return null;
    // As it is now, not as it was at login: rights that were taken away are gone at the next command.
    const now = this.#context.directory.account(account.id);
    const isSame = now !== null && now.passwordVersion === account.passwordVersion;
    return {
      name: formatAddress(addressOf(account)),
      isEnabled: isSame && now.isEnabled,
      mayRelay: isSame && now.mayRelay,
      ownsReversePath: reversePath === null || this.#context.directory.ownsSender(now ?? account, reversePath),
    };
  }
}

/** MAIL is judged before there is a recipient. */
const noRecipientYet: Address = { localPart: "", domain: "" };

type Judged = { readonly decision: Decision; readonly known: readonly KnownRecipient[] };

/**
 * Answers what one judgement asks, and keeps the answers for the journal. What another host has to be asked is unknowable
 * so far: the judgement is made again when `waitsFor` is there.
 */
class AskedRecipients implements Recipients {
  readonly known: Answered[] = [];
  waitsFor: Promise<void> | null = null;
  readonly #directory: Directory;
  readonly #verifier: GateContext["verifier"];

  constructor({ directory, verifier }: GateContext) {
    this.#directory = directory;
    this.#verifier = verifier;
  }

  here(address: Address): Existence {
    return this.#known(address, null) ?? this.#keep(address, null, this.#directory.existence(address));
  }

  there(address: Address, host: VerifiedHost): Existence {
    const known = this.#known(address, host);
    if (known !== null) return known;
    const answer = this.#verifier.existence(address, host);
    if (typeof answer === "string") return this.#keep(address, host, answer);
    this.waitsFor = answer.then((existence) => {
      this.waitsFor = null;
      this.#keep(address, host, existence);
    });
    return "unknowable";
  }

  #known(address: Address, host: VerifiedHost | null): Existence | null {
    for (const known of this.known) {
      if (isSameHost(known.host, host) && isSame(known.address, address)) return known.existence;
    }
    return null;
  }

  #keep(address: Address, host: VerifiedHost | null, existence: Existence): Existence {
    this.known.push({ address, place: host === null ? "here" : "there", host, existence });
    return existence;
  }
}

/** `host`: of the policy that asked. Another policy's host has not been asked yet. */
type Answered = KnownRecipient & { readonly host: VerifiedHost | null };

/** A host of the policy is one value; the exchanges of a domain are named anew at each judgement. */
function isSameHost(a: VerifiedHost | null, b: VerifiedHost | null): boolean {
  if (a === b) return true;
  return a?.nextHop.via === "mx" && b?.nextHop.via === "mx" && a.nextHop.domain === b.nextHop.domain;
}

const isSame = (a: Address, b: Address) => a === b || (a.localPart === b.localPart && a.domain === b.domain);
