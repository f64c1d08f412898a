/** Time as a parameter: the server passes the system's, a test passes one that it turns by hand. */
export interface Clock {
  /** Wall time in milliseconds since 1970-01-01T00:00Z. */
  now(): number;
  /** Runs `act` once, `delayMs` from now, unless cancelled before. Never keeps the process alive by itself. */
  after(delayMs: number, act: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
