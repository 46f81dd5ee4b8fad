import type { Writable } from 'node:stream';
import { outputTrouble } from './output-trouble.ts';

/** What an output that is not read may hold of lines, in bytes of memory: enough for a reader that is slow for a moment. */
export const ECHO_HELD_BYTES = 1024 * 1024;

/**
 * Copies the log to an output, for as long as that can be written: a connector goes on without it. Lines that nobody
 * reads are left out and counted.
 */
export class LogEcho {
  readonly #output: Writable;
  readonly #onTrouble: (text: string) => void;
  #isOver = false;
  #leftOut = 0;

  /** @param onTrouble told in a sentence when lines do not get there */
  constructor(output: Writable, onTrouble: (text: string) => void) {
    this.#output = output;
    this.#onTrouble = onTrouble;
    output.on('error', (error) => this.#end(error));
    makeUnblocking(output);
  }

  write(line: string): void {
    if (this.#isOver) return;
    if (this.#output.writableLength > ECHO_HELD_BYTES) return this.#leaveOut();
    if (this.#leftOut > 0) {
      this.#output.write(`… ${this.#leftOut} lines were left out here: nobody read them\n`);
      this.#leftOut = 0;
    }
    this.#output.write(`${line}\n`);
  }

  #leaveOut(): void {
    this.#leftOut += 1;
    if (this.#leftOut === 1)
      this.#onTrouble('nobody reads the standard output: lines of the log are left out there');
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onTrouble(
      `the log is no longer copied to the standard output, which cannot be written: ${outputTrouble(error)}`,
    );
  }
}

/** A terminal that has been stopped with Ctrl-S must not stop the connector: Node writes to terminals blocking. */
function makeUnblocking(output: Writable): void {
  const { _handle: handle } = output as {
    readonly _handle?: { setBlocking?(on: boolean): unknown };
    readonly isTTY?: boolean;
  };
  if ((output as { isTTY?: boolean }).isTTY === true) handle?.setBlocking?.(false);
}
