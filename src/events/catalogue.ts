/**
 * Everything that can happen, as a closed catalogue: readers are the log, the decision journal and the counters.
 * No secret (password, key, message body) is a field of any event. Text that a stranger chose is plain data here;
 * a reader that prints escapes it.
 */
export type Event =
  | { readonly name: "server-started"; readonly listeners: readonly string[]; readonly version: string }
  | { readonly name: "server-stopped"; readonly reason: string }
  | { readonly name: "session-opened"; readonly session: string; readonly listener: string; readonly client: string }
  | { readonly name: "session-refused"; readonly listener: string; readonly client: string; readonly reason: string }
  | {
      readonly name: "session-closed";
      readonly session: string;
      readonly listener: string;
      readonly client: string;
      readonly reason: SessionEnd;
    }
  | { readonly name: "tls-failed"; readonly session: string; readonly client: string; readonly reason: string }
  | { readonly name: "secret-exposed"; readonly session: string; readonly client: string; readonly listener: string }
  | { readonly name: "login-accepted"; readonly session: string; readonly client: string; readonly account: string }
  | { readonly name: "login-refused"; readonly session: string; readonly client: string; readonly reason: string }
  | {
      readonly name: "recipient-refused";
      readonly session: string;
      readonly listener: string;
      readonly client: string;
      readonly reversePath: string;
      readonly forwardPath: string;
      readonly rule: string;
      readonly ref: string;
    }
  | {
      readonly name: "message-accepted";
      readonly session: string;
      readonly message: string;
      readonly client: string;
      readonly account: string | null;
      readonly reversePath: string;
      readonly recipients: number;
      readonly size: number;
    }
  | {
      readonly name: "message-refused";
      readonly session: string;
      readonly client: string;
      readonly reversePath: string;
      readonly code: number;
      readonly reason: string;
    }
  | {
      readonly name: "recipient-finished";
      readonly message: string;
      readonly forwardPath: string;
      readonly outcome: "delivered" | "failed" | "expired" | "deleted";
      readonly host: string | null;
      readonly said: string | null;
    }
  | {
      readonly name: "recipient-deferred";
      readonly message: string;
      readonly forwardPath: string;
      readonly host: string | null;
      readonly said: string;
      readonly nextAt: number;
    }
  /** A next hop failed at encryption, and its route allows to do without (RFC 7435). */
  | { readonly name: "spoken-to-in-clear"; readonly host: string; readonly reason: string; readonly until: number }
  | {
      /** Its message is damaged: it stays in the queue until an administrator has looked. */
      readonly name: "recipient-set-aside";
      readonly message: string;
      readonly forwardPath: string;
      readonly reason: string;
    }
  /** Files of earlier starts that no message names. */
  | { readonly name: "contents-swept"; readonly quarantined: number; readonly deleted: number }
  | { readonly name: "report-composed"; readonly message: string; readonly about: string; readonly kind: string }
  | { readonly name: "policy-applied"; readonly version: number; readonly who: string; readonly why: string }
  | { readonly name: "certificate-loaded"; readonly subject: string; readonly until: string }
  | { readonly name: "trouble"; readonly doing: string; readonly problem: string };

export type SessionEnd =
  "quit" | "closed by client" | "timeout" | "too many errors" | "shutdown" | "broken" | "tls failed";
