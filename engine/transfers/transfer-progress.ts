import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TransferFailure, TransferPhase, TransferProgress } from '../contract/transfer-progress.ts';

/** The period over which the rate is measured. */
const WINDOW_MS = 5_000;
const SAMPLE_MS = 250;

/** Reports the progress of one transfer: each phase at once, and bytes every LIMITS.transferProgressMs. */
export class ProgressReport {
  readonly #clock: Clock;
  readonly #report: (progress: TransferProgress) => void;
  totalBytes: number | undefined;
  #phase: TransferPhase = 'waiting';
  #doneBytes = 0;
  #resumedBytes = 0;
  #samples: { readonly atMs: number; readonly bytes: number }[] = [];
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #failure: TransferFailure | undefined;

  constructor(clock: Clock, report: (progress: TransferProgress) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** @param doneBytes with which it begins; default: as many as before */
  begin(phase: TransferPhase, doneBytes = this.#doneBytes): void {
    this.#phase = phase;
    this.#doneBytes = doneBytes;
    if (phase === 'running') this.#resumedBytes = doneBytes;
    if (phase === 'running' || phase === 'comparing') this.#samples = [];
    this.#sample();
    this.#tell();
  }

  fail(failure: TransferFailure): void {
    this.#failure = failure;
    this.begin('failed');
  }

  done(doneBytes: number): void {
    this.#doneBytes = doneBytes;
    this.#sample();
    if (this.#clock.now() - this.#reportedAtMs >= LIMITS.transferProgressMs) this.#tell();
  }

  #sample(): void {
    const nowMs = this.#clock.now();
    if (nowMs - (this.#samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < SAMPLE_MS) return;
    this.#samples.push({ atMs: nowMs, bytes: this.#doneBytes });
    while (this.#samples.length > 2 && nowMs - (this.#samples[1]?.atMs ?? 0) >= WINDOW_MS)
      this.#samples.shift();
  }

  #tell(): void {
    this.#reportedAtMs = this.#clock.now();
    this.#report({
      phase: this.#phase,
      doneBytes: this.#doneBytes,
      totalBytes: this.totalBytes,
      resumedBytes: this.#resumedBytes,
      bytesPerSecond: this.#rate(),
      ...(this.#failure !== undefined && { failure: this.#failure }),
    });
  }

  #rate(): number {
    const [first] = this.#samples;
    const elapsedMs = this.#clock.now() - (first?.atMs ?? 0);
    if (first === undefined || elapsedMs <= 0) return 0;
    return Math.round(((this.#doneBytes - first.bytes) * 1000) / elapsedMs);
  }
}
