import { basename } from 'node:path';
import { sanitize } from '../../components/terminal/sanitize.ts';
import type { FileOutcome, TransferProgress } from '../../engine/contract/transfer-progress.ts';
import { AiocError, type ConnectorAPI, type SendOptions, type SomeFile } from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonLine } from '../message-lines.ts';
import { ProgressLine, progressText, sizeText } from '../progress-line.ts';

export interface FilesToSend {
  /** What their messages have in common. */
  readonly message: SendOptions;
  readonly files: readonly SomeFile[];
  /** Returns when the connector has the messages. */
  readonly isDetached: boolean;
  /** Lines of JSON also on a terminal. */
  readonly json: boolean;
}

/** Least time between two lines of JSON about the progress of one file. */
const LINE_INTERVAL_MS = 2_000;

/**
 * Sends files, each with a message, and waits until the peer has them. Ctrl-C takes back those that the peer does not have.
 *
 * @returns the exit code: the worst of all files
 * @throws AiocError as ConnectorAPI.send
 */
export async function sendFiles(api: ConnectorAPI, wanted: FilesToSend): Promise<number> {
  const show: Display =
    wanted.json || !process.stderr.isTTY ? new LinesOfJson() : new Bar(wanted.files.length);
  const stop = new AbortController();
  const interrupted = (): void => stop.abort();
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    const sent = wanted.files.map((file) => sendFile(api, { wanted, file, show, signal: stop.signal }));
    const codes = (await Promise.allSettled(sent)).map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
    return WORST_FIRST.find((code) => codes.includes(code)) ?? EXIT.ok;
  } finally {
    show.end();
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

const WORST_FIRST = [EXIT.failed, EXIT.refused, EXIT.interrupted, EXIT.incomplete];

interface OneFile {
  readonly wanted: FilesToSend;
  readonly file: SomeFile;
  readonly show: Display;
  readonly signal: AbortSignal;
}

async function sendFile(api: ConnectorAPI, { wanted, file, show, signal }: OneFile): Promise<number> {
  const name = 'content' in file ? file.dstName : (file.dstName ?? basename(file.srcPath));
  const { message, isDetached } = wanted;
  let settle: (outcome: FileOutcome) => void = () => undefined;
  const settled = new Promise<FileOutcome>((resolve) => {
    settle = resolve;
  });
  const onState = (state: TransferProgress | FileOutcome): void => {
    if (isOutcome(state)) settle(state);
    else show.progress(name, state);
  };
  const withFile = isDetached ? file : { ...file, onState };
  try {
    await api.send({ ...message, withFile, signal });
  } catch (error) {
    if (signal.aborted && error instanceof AiocError && error.code === 'AIOC_CANCELLED')
      return show.outcome(name, { phase: 'cancelled' });
    throw error;
  }
  return isDetached ? show.queued(name) : show.outcome(name, await settled);
}

function isOutcome(state: TransferProgress | FileOutcome): state is FileOutcome {
  return ['arrived', 'failed', 'cancelled', 'unknown'].includes(state.phase);
}

/** Shows files on their way. `outcome` and `queued` return the exit code. */
interface Display {
  progress(name: string, state: TransferProgress): void;
  outcome(name: string, outcome: FileOutcome): number;
  queued(name: string): number;
  end(): void;
}

function exitCodeOf(outcome: FileOutcome): number {
  if (outcome.phase === 'failed') return outcome.by === 'receiver' ? EXIT.refused : EXIT.failed;
  if (outcome.phase === 'cancelled') return EXIT.interrupted;
  if (outcome.phase === 'arrived' && outcome.leftOut.count > 0) return EXIT.incomplete;
  return EXIT.ok;
}

/** A bar on the terminal for the file that is on its way, and a line for each at its end. */
class Bar implements Display {
  readonly #line = new ProgressLine(process.stderr);
  readonly #count: number;
  #ended = 0;

  constructor(count: number) {
    this.#count = count;
  }

  progress(name: string, state: TransferProgress): void {
    const { phase, totalBytes, doneBytes, bytesPerSecond, resumedBytes } = state;
    // The others wait for it.
    if (phase === 'waiting' && this.#ended < this.#count - 1) return;
    const which = this.#count === 1 ? '' : ` (${this.#ended + 1} of ${this.#count})`;
    const resumed = phase === 'running' && resumedBytes > 0 ? `, ${sizeText(resumedBytes)} were there` : '';
    const what =
      phase !== 'running'
        ? WORDS[phase]
        : totalBytes === undefined
          ? `${sizeText(doneBytes)}  ${sizeText(bytesPerSecond)}/s`
          : progressText({ doneBytes, totalBytes, bytesPerSecond });
    this.#line.show(`${sanitize(name)}${which}  ${what}${resumed}`);
  }

  outcome(name: string, outcome: FileOutcome): number {
    this.#ended += 1;
    this.#line.clear();
    const shown = sanitize(name);
    const isGood = outcome.phase === 'arrived' || outcome.phase === 'unknown';
    const lines =
      outcome.phase === 'arrived'
        ? [`sent ${shown} (${asName(outcome)}${sizeText(outcome.sizeBytes)})`]
        : outcome.phase === 'unknown'
          ? [`queued ${shown}: ${sanitize(outcome.reason)}`]
          : [`aioc: ${shown}: ${outcomeText(outcome)}`];
    (isGood ? process.stdout : process.stderr).write(`${lines.join('\n')}\n`);
    if (outcome.phase === 'arrived') tellLeftOut(name, outcome);
    return exitCodeOf(outcome);
  }

  queued(name: string): number {
    process.stdout.write(`queued ${sanitize(name)}\n`);
    return EXIT.ok;
  }

  end(): void {
    this.#line.clear();
  }
}

const WORDS: Readonly<Record<TransferProgress['phase'], string>> = {
  waiting: 'waits for the peer …',
  comparing: 'comparing with what the peer has …',
  running: '',
  finishing: 'the peer stores it …',
  ready: 'the peer has it, its message follows …',
  failed: '',
};

function outcomeText(outcome: Extract<FileOutcome, { phase: 'failed' | 'cancelled' }>): string {
  if (outcome.phase === 'cancelled') return 'cancelled; the peer does not get it';
  return `${outcome.by === 'receiver' ? 'refused by the peer' : 'not sent'}: ${sanitize(outcome.reason)}`;
}

/** A peer that takes no directories has got a zip file. */
function asName({ name }: Extract<FileOutcome, { phase: 'arrived' }>): string {
  return name === undefined ? '' : `as ${sanitize(name)}, `;
}

function tellLeftOut(name: string, { leftOut }: Extract<FileOutcome, { phase: 'arrived' }>): void {
  const { count, first } = leftOut;
  if (count === 0) return;
  const more = count > first.length ? [`  and ${count - first.length} more`] : [];
  const lines = first.map(([path, why]) => `  ${sanitize(path)}: ${sanitize(why)}`);
  const head = `aioc: ${sanitize(name)}: ${count} ${count === 1 ? 'entry was' : 'entries were'} left out:`;
  process.stderr.write(`${[head, ...lines, ...more].join('\n')}\n`);
}

/** A line of JSON for each phase of a file, every few seconds of its progress, and its outcome. */
class LinesOfJson implements Display {
  readonly #written = new Map<string, { readonly phase: string; readonly atMs: number }>();

  progress(name: string, { phase, ...state }: TransferProgress): void {
    const last = this.#written.get(name);
    const nowMs = performance.now();
    if (last?.phase === phase && nowMs - last.atMs < LINE_INTERVAL_MS) return;
    this.#written.set(name, { phase, atMs: nowMs });
    this.#write(name, { state: phase, ...state });
  }

  outcome(name: string, outcome: FileOutcome): number {
    const { phase, ...about } = outcome;
    this.#write(name, { state: phase, ...about });
    // Whoever reads only errors reads the reason, too.
    if (outcome.phase === 'failed')
      process.stderr.write(`aioc: ${sanitize(name)}: ${outcomeText(outcome)}\n`);
    else if (outcome.phase === 'arrived') tellLeftOut(name, outcome);
    return exitCodeOf(outcome);
  }

  queued(name: string): number {
    this.#write(name, { state: 'queued' });
    return EXIT.ok;
  }

  end(): void {
    // Every line is whole.
  }

  #write(name: string, about: Readonly<Record<string, unknown>>): void {
    process.stdout.write(`${jsonLine({ file: name, ...about })}\n`);
  }
}
