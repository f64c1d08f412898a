import type { z } from "zod";
import type { AdminContext } from "./context.ts";

/**
 * What an administrator can do: one list, from which the command line is made, and later the HTTP API and the console.
 * An operation knows nothing of arguments, terminals or sockets.
 */
export type Operation<Input = unknown, Output = unknown> = {
  /** "queue list": a noun, and a verb where there are several. */
  readonly name: string;
  /** One line for people. */
  readonly help: string;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  /** Whether it also works on the data folder of a server that does not run. */
  readonly worksAtRest: boolean;
  run(context: AdminContext, input: Input, run: Run): Promise<Output | Failure>;
};

/** One run of an operation that takes its time. */
export type Run = {
  /** How far it is, of a number that may still grow. */
  readonly progress: (done: number, total: number) => void;
  /** Nobody waits for it any more: end where it can be gone on with. */
  readonly signal: AbortSignal;
};

/** For who asks for no more than the outcome. */
const unwatched: Run = { progress: () => {}, signal: new AbortController().signal };

/** What an operation says instead of throwing, when the caller or the state of things is the reason. */
export type Failure = {
  readonly failed: "invalid" | "not-found" | "conflict" | "unavailable";
  /** A sentence without a full stop. */
  readonly message: string;
  /** Several things that are wrong, one sentence each: of a policy that does not parse, for example. */
  readonly problems?: readonly string[];
};

export type Outcome = { readonly done: unknown } | Failure;

/** Types an operation by its schemas. */
export function operation<Input, Output>(definition: Operation<Input, Output>): Operation<Input, Output> {
  return definition;
}

export function isFailure(value: unknown): value is Failure {
  return typeof value === "object" && value !== null && "failed" in value && "message" in value;
}

/** Checks the input, runs, and checks what came out: the one way in for the socket and for the command line at rest. */
export async function perform(
  one: Operation<never>,
  context: AdminContext,
  input: unknown,
  run: Run = unwatched,
): Promise<Outcome> {
  const checked = one.input.safeParse(input);
  if (!checked.success) {
    const problems = checked.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? "" : `${path.join(".")}: `}${message}`,
    );
    return { failed: "invalid", message: `${one.name}: ${problems.join("; ")}` };
  }
  const result = await one.run(context, checked.data, run);
  return isFailure(result) ? result : { done: one.output.parse(result) };
}
