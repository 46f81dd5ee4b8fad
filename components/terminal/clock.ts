/** The part of a clock that the terminal layer needs; the engine's Clock fits. */
export interface TerminalClock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls `action` once, `delayMs` from now, unless cancelled first. */
  after(delayMs: number, action: () => void): { cancel(): void };
}
