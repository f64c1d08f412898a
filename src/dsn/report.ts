/** RFC 3464 §2.3.3: what was done about a recipient. */
export type Action = "failed" | "delayed" | "delivered" | "relayed" | "expanded";

export type ReportAbout = {
  readonly finalRecipient: string;
  /** RFC 3461 §4.2 ORCPT as received, "rfc822;…"; `null` when the sender gave none. */
  readonly originalRecipient: string | null;
  readonly action: Action;
  readonly status: string;
  readonly said: string;
  readonly host: string | null;
  readonly isFromPeer: boolean;
  readonly lastAttemptAt: string;
  readonly willRetryUntil: string | null;
};

export type Report = {
  readonly reportingMta: string;
  /** Whom the report goes to: the reverse-path of what it is about. Never null: there is no report about a report. */
  readonly to: string;
  /** ENVID as received. */
  readonly envid: string | null;
  readonly arrivedAt: string;
  readonly date: string;
  readonly messageId: string;
  readonly recipients: readonly ReportAbout[];
  /** The header of the message, or all of it as RET=FULL asks. */
  readonly original: { readonly bytes: Buffer; readonly isWhole: boolean };
  /** Must not occur in the original. */
  readonly boundary: string;
  /** The message was an internationalised one: its sender can read a report in the forms of RFC 6533. */
  readonly isGlobal: boolean;
};
