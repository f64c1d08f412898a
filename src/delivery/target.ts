import type { Ip } from "../address/address.ts";
import type { TlsDemand } from "../policy/decision.ts";
import type { ContentSource, RecipientOutcome } from "../queue/entry.ts";

/** One place to send to: the hosts of one next hop in the order in which to try them. */
export type Target = {
  /** Same key: same connections may be used. For people too: "example.net" or "host smart.example.net:587". */
  readonly key: string;
  readonly hosts: readonly TargetHost[];
  readonly tls: TlsDemand;
  /** SHA-256 of the certificate, hex; implies `verify` by pin instead of chain. */
  readonly fingerprint?: string;
  /** AUTH at a smart host; only over verified TLS. */
  readonly credentials?: { readonly account: string; readonly password: string };
};

export type TargetHost = { readonly name: string; readonly ip: Ip; readonly port: number };

/** One transaction to offer to a target. */
export type Outgoing = {
  readonly id: string;
  readonly reversePath: string;
  readonly recipients: readonly {
    readonly forwardPath: string;
    readonly orcpt: string | null;
    readonly notify: string | null;
  }[];
  readonly body: "7BIT" | "8BITMIME";
  readonly smtpUtf8: boolean;
  readonly ret: "FULL" | "HDRS" | null;
  readonly envid: string | null;
  readonly content: ContentSource;
};

/** Outcomes in the order of the recipients. `isDown`: no host of the target could be spoken to. */
export type SendResult = { readonly outcomes: readonly RecipientOutcome[]; readonly isDown: boolean };

/** Sends over kept or new connections. Never throws for what the network does. */
export interface Remote {
  send(target: Target, message: Outgoing): Promise<SendResult>;
  /** Quits the kept connections; resolves when transactions under way have ended or `graceMs` is over. */
  close(graceMs: number): Promise<void>;
}
