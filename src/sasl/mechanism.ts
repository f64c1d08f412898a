/** Strongest first, as clients that take the first one they know should meet them. */
const byStrength = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"] as const;

export type Mechanism = (typeof byStrength)[number];

export type MechanismContext = {
  readonly tls: boolean;
  /** tls-exporter (RFC 9266) can be had from this connection. */
  readonly channelBinding: boolean;
  /** The listener takes passwords in clear (loopback tests): never by default. */
  readonly mayUseClear: boolean;
  /** There is an account that could pass SCRAM: without one, clients that prefer SCRAM would only fail. */
  readonly hasVerifiers: boolean;
};

/** The one rule for what is listed after EHLO and for what AUTH takes (RFC 4954 §4, RFC 7677 §4; O-20). */
export function mechanismsFor(context: MechanismContext): readonly Mechanism[] {
  if (!context.tls && !context.mayUseClear) return [];
  return byStrength.filter((mechanism) => {
    switch (mechanism) {
      case "SCRAM-SHA-256-PLUS":
        return context.hasVerifiers && context.tls && context.channelBinding;
      case "SCRAM-SHA-256":
        return context.hasVerifiers;
      case "PLAIN":
      case "LOGIN":
        return true;
      default:
        return mechanism satisfies never;
    }
  });
}

/** What a client takes of what a server lists: the strongest that both can; `null`: none. */
export function strongestOf(
  offered: readonly string[],
  { canScram, canBind }: { readonly canScram: boolean; readonly canBind: boolean },
): Mechanism | null {
  const can = { "SCRAM-SHA-256-PLUS": canScram && canBind, "SCRAM-SHA-256": canScram, PLAIN: true, LOGIN: true };
  return byStrength.find((mechanism) => can[mechanism] && offered.includes(mechanism)) ?? null;
}
