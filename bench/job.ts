/** What crosses between `npm run bench` and the processes it starts. */

/** How much is asked of a server: until the time or the number is reached, whichever comes first. */
export type Amount = { readonly seconds: number; readonly most: number };

export type Job =
  | {
      readonly kind: "send";
      readonly port: number;
      readonly sessions: number;
      readonly octets: number;
      /** `false`: a connection a message. */
      readonly isKept: boolean;
      readonly amount: Amount;
      /** Not done until the sink has everything. */
      readonly toSink: boolean;
    }
  | {
      readonly kind: "ask";
      readonly port: number;
      readonly sessions: number;
      /** RCPT commands on a connection. */
      readonly recipients: number;
      /** A client address for each connection, a domain for each recipient. */
      readonly isDistinct: boolean;
      readonly amount: Amount;
    }
  /** They stay open until the process ends. */
  | { readonly kind: "hold"; readonly port: number; readonly connections: number; readonly isTls: boolean };

export type Outcome = {
  /** Messages accepted, recipients refused, connections open. */
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
  /** From the final dot, or the recipients of a connection, to their answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the load generator. */
  readonly cpuMs: number;
};

/** What a server process says of itself. */
export type Reading = { readonly cpuMs: number; readonly residentKb: number };
