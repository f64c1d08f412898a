import type { Visit as AnyVisit } from "../net/visit.ts";
import type { ListenerKind } from "../policy/context.ts";

/** What the gate and the intake need to know of a session. */
export type Visit = AnyVisit<ListenerKind>;
