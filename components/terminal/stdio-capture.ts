/**
 * Keeps the output of libraries off the screen. `console` writes through the patched streams; Node's warnings bypass
 * them, so their default listener is replaced.
 */
import { StringDecoder } from 'node:string_decoder';
import type { ScreenOutput } from './screen-writer.ts';

export type StdioName = 'stdout' | 'stderr';
export type LineListener = (text: string, stream: StdioName) => void;

/** A longer line is cut, so that binary output cannot fill the memory. */
const LINE_CHARACTERS_MAX = 4_000;
/** Lines kept until there is a listener; the oldest are dropped first. */
const WAITING_LINES_MAX = 1_000;

type Write = NodeJS.WriteStream['write'];

export interface StdioCaptureOptions {
  readonly stdout?: NodeJS.WriteStream;
  readonly stderr?: NodeJS.WriteStream;
}

interface Captured {
  readonly name: StdioName;
  readonly stream: NodeJS.WriteStream;
  readonly original: Write;
  readonly decoder: StringDecoder;
  /** The unfinished line. */
  pending: string;
}

export class StdioCapture {
  readonly #streams: readonly [Captured, Captured];
  readonly #waiting: { text: string; stream: StdioName }[] = [];
  readonly #onWarning = (warning: Error) => this.#line(`${warning.name}: ${warning.message}`, 'stderr');
  #listener: LineListener | undefined;
  #warningListeners: ((warning: Error) => void)[] = [];
  #dropped = 0;
  #isCapturing = false;
  #isDelivering = false;

  constructor(options: StdioCaptureOptions = {}) {
    this.#streams = [
      captured('stdout', options.stdout ?? process.stdout),
      captured('stderr', options.stderr ?? process.stderr),
    ];
  }

  /** Lines dropped before there was a listener. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Starts to keep all output off the terminal. */
  start(): void {
    if (this.#isCapturing) return;
    this.#isCapturing = true;
    for (const one of this.#streams) {
      one.stream.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
        this.#take(one, chunk, typeof rest[0] === 'string' ? (rest[0] as BufferEncoding) : 'utf8');
        const written = rest.find((argument) => typeof argument === 'function');
        if (written !== undefined) queueMicrotask(written as () => void);
        return true;
      }) as Write;
    }
    this.#warningListeners = process.listeners('warning') as ((warning: Error) => void)[];
    process.removeAllListeners('warning');
    process.on('warning', this.#onWarning);
  }

  /** Passes each complete line to `listener`, earlier ones first. The text is raw: sanitize it. */
  onLine(listener: LineListener): void {
    this.#listener = listener;
    this.#deliver();
  }

  /** The real stdout, for the screen itself. */
  screenOutput(): ScreenOutput {
    const { stream, original } = this.#streams[0];
    return {
      write: (text) => original.call(stream, text),
      once: (event, listener) => stream.once(event, listener),
      on: (event, listener) => stream.on(event, listener),
      off: (event, listener) => stream.off(event, listener),
      get columns() {
        return stream.columns;
      },
      get rows() {
        return stream.rows;
      },
    };
  }

  /** Stops capturing and prints the lines that no listener has taken. Call it after the terminal is restored. */
  restore(): void {
    if (!this.#isCapturing) return;
    this.#isCapturing = false;
    for (const one of this.#streams) {
      const rest = one.pending + one.decoder.end();
      one.pending = '';
      if (rest !== '') this.#line(rest, one.name);
      one.stream.write = one.original;
    }
    process.off('warning', this.#onWarning);
    for (const listener of this.#warningListeners) process.on('warning', listener);
    for (const { text, stream } of this.#waiting.splice(0)) {
      const target = this.#streams.find((one) => one.name === stream);
      target?.original.call(target.stream, `${text}\n`);
    }
  }

  #take(one: Captured, chunk: string | Uint8Array, encoding: BufferEncoding): void {
    const text = one.decoder.write(
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk),
    );
    const lines = text.split('\n');
    for (const [index, part] of lines.entries()) {
      // Drop what exceeds the bound, so that a stream without newlines stays small.
      one.pending += part.slice(
        0,
        LINE_CHARACTERS_MAX + 1 - Math.min(one.pending.length, LINE_CHARACTERS_MAX + 1),
      );
      if (index === lines.length - 1) break;
      const line = one.pending;
      one.pending = '';
      this.#line(line.endsWith('\r') ? line.slice(0, -1) : line, one.name);
    }
  }

  #line(text: string, stream: StdioName): void {
    const kept = text.length > LINE_CHARACTERS_MAX ? `${text.slice(0, LINE_CHARACTERS_MAX - 1)}…` : text;
    this.#waiting.push({ text: kept, stream });
    if (this.#waiting.length > WAITING_LINES_MAX) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#deliver();
  }

  #deliver(): void {
    // A listener that prints is called again after it has returned, not recursively.
    if (this.#listener === undefined || this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      // Output of the listener waits for the next line: otherwise this could loop forever.
      for (const { text, stream } of this.#waiting.splice(0)) this.#listener(text, stream);
    } finally {
      this.#isDelivering = false;
    }
  }
}

function captured(name: StdioName, stream: NodeJS.WriteStream): Captured {
  return { name, stream, original: stream.write, decoder: new StringDecoder('utf8'), pending: '' };
}
