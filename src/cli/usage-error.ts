/** A mistake of whoever typed the command: said in one line, exit code 2. */
export class UsageError extends Error {}
