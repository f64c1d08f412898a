import { z } from "zod";

/**
 * What is spoken over the control socket: one JSON object a line, a request and its answer. Only the owner of the data
 * folder can open the socket, so there is no login; both ends are of one version, because a newer command line says so.
 */
export const request = z.strictObject({ operation: z.string().max(100), input: z.unknown() });

export const answer = z.union([
  z.strictObject({ done: z.unknown() }),
  z.strictObject({
    failed: z.enum(["invalid", "not-found", "conflict", "unavailable"]),
    message: z.string(),
    problems: z.array(z.string()).optional(),
  }),
]);

/** How far an operation is that takes its time; any number of them before its answer. */
export const progress = z.strictObject({ progress: z.strictObject({ done: z.number(), total: z.number() }) });

export type Request = z.output<typeof request>;
export type Answer = z.output<typeof answer>;

/** A policy of 100,000 domains is some 10 MB. */
export const longestLine = 64 * 1024 * 1024;

/** The socket's file in the data folder. */
export const socketName = "control.sock";
