import type { Writable } from 'node:stream';
import { outputTrouble } from '../base/output-trouble.ts';

/** Bytes of lines that wait for a slow reader of the output, at most. */
export const ECHO_HELD_BYTES = 1024 * 1024;

/**
 * Copies the log to an output. The connector keeps running when the output ends; lines that nobody reads are dropped and
 * counted.
 */
export class LogEcho {
  readonly #output: Writable;
  readonly #onTrouble: (text: string) => void;
  #isOver = false;
  #leftOut = 0;

  /** @param onTrouble receives a sentence when lines are dropped */
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
      this.#output.write(`… ${this.#leftOut} lines dropped here: the output was not read\n`);
      this.#leftOut = 0;
    }
    this.#output.write(`${line}\n`);
  }

  #leaveOut(): void {
    this.#leftOut += 1;
    if (this.#leftOut === 1)
      this.#onTrouble(
        'the standard output is not being read: log lines are dropped there (the log file has them)',
      );
  }

  #end(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onTrouble(
      `cannot write the standard output: ${outputTrouble(error)}; the log continues in its file only`,
    );
  }
}

/** Ctrl-S on the terminal must not stop the connector: by default Node's writes to a terminal block. */
function makeUnblocking(output: Writable): void {
  const { _handle: handle } = output as {
    readonly _handle?: { setBlocking?(on: boolean): unknown };
    readonly isTTY?: boolean;
  };
  if ((output as { isTTY?: boolean }).isTTY === true) handle?.setBlocking?.(false);
}
