import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { sanitize } from '../../components/terminal/sanitize.ts';
import type { Phase, Status, TransferState, Update, View } from '../../engine/contract/views.ts';
import { AiocError, createChatEngine, type Engine, type ErrorCode, meantPath } from '../../engine/index.ts';
import type { ChatSettings } from '../arguments.ts';
import { engineOptions } from '../engine-options.ts';
import { EXIT } from '../exit-codes.ts';
import { ProgressLine, progressText, sizeText } from '../progress-line.ts';

/**
 * Sends one file or directory without a screen, waits until the peer has it, and ends.
 *
 * @returns the exit code: success, failure, or refused by the peer
 * @throws AiocError AIOC_CONNECT, AIOC_REFUSED_BY_PEER and the AIOC_FILE_* errors
 */
export async function runUpload(settings: ChatSettings, path: string): Promise<number> {
  await requireThere(path);
  const engine = await createChatEngine(engineOptions({ ...settings, keepsNothing: true }));
  const line = new ProgressLine(process.stderr);
  const interrupted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new AiocError('AIOC_CANCELLED', 'interrupted; the peer saved nothing'));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
  try {
    return await Promise.race([upload(engine, line, path), interrupted]);
  } finally {
    line.clear();
    await engine.stop();
  }
}

async function upload(engine: Engine, line: ProgressLine, path: string): Promise<number> {
  const peer = engine.serverPeer ?? '';
  await engine.start();
  await whenConnected(engine, line);
  const view: View = { pane: 'chat', peer, filter: '', rows: 20 };
  let last: TransferState | undefined;
  const take = (update: Update): void => {
    if (update.pane !== 'chat') return;
    const mine = update.rows.findLast(({ from, transfer }) => from === 'me' && transfer !== undefined);
    last = mine?.transfer ?? last;
  };
  const progress = engine.engine.open(view, (update) => {
    take(update);
    if (last !== undefined) line.show(describe(last));
  });
  const result = await engine.engine.execute({ kind: 'chat.upload', peer, path: resolve(path) });
  progress.close();
  // Updates come at intervals, so the last one may be older than the outcome; a new view is current.
  engine.engine.open(view, take).close();
  if (!result.ok) throw new AiocError(result.code as ErrorCode, result.message);
  line.clear();
  const detail = sanitize(last?.detail ?? '');
  if (result.value === 'done') {
    process.stdout.write(
      `sent ${sanitize(basename(resolve(path)))} (${sizeText(last?.totalBytes ?? 0)}), ${detail}\n`,
    );
    if (last?.warning === undefined) return EXIT.ok;
    process.stderr.write(`aioc: ${sanitize(last.warning)}\n`);
    return EXIT.failed;
  }
  process.stderr.write(`aioc: ${result.value}: ${detail}\n`);
  return result.value === 'refused' ? EXIT.refused : EXIT.failed;
}

/** Checks the file first, so that the peer's user is not asked to accept a client that has nothing to send. */
async function requireThere(path: string): Promise<void> {
  try {
    await stat(await meantPath(resolve(path)));
  } catch (error) {
    if (error instanceof AiocError) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
    throw new AiocError('AIOC_FILE_MISSING', `no such file or directory: "${sanitize(path)}"`, {
      cause: error,
    });
  }
}

/** Resolves when files can be sent. It rejects at the first failure: a script does not wait for a retry. */
async function whenConnected(engine: Engine, line: ProgressLine): Promise<void> {
  let close: () => void = () => undefined;
  const connected = new Promise<void>((resolve, reject) => {
    const view = engine.engine.open({ pane: 'status' }, (update) => {
      if (update.pane !== 'status') return;
      const { phase, address } = update.status;
      const error = failure(phase, address);
      if (error !== undefined) reject(error);
      else if (phase.kind === 'connected') resolve();
      else line.show(waiting(update.status));
    });
    close = () => view.close();
  });
  // An open view would keep the process alive.
  await connected.finally(() => close());
}

function failure(phase: Phase, address: string): AiocError | undefined {
  if (phase.kind === 'retrying') return new AiocError('AIOC_CONNECT', `${address}: ${phase.reason}`);
  if (phase.kind === 'refused') return new AiocError('AIOC_REFUSED_BY_PEER', `${address}: ${phase.reason}`);
  return undefined;
}

function waiting({ phase, address, ownWords }: Status): string {
  if (phase.kind !== 'waiting-to-be-let-in') return `connecting to ${address} …`;
  return `waiting to be accepted by ${address}${ownWords === undefined ? '' : `; words here: ${ownWords}`}`;
}

function describe(state: TransferState): string {
  const { phase, doneBytes, totalBytes, bytesPerSecond, resumedBytes } = state;
  if (phase !== 'running') return `${phase} …`;
  const resumed = resumedBytes === undefined ? '' : `  resumed at ${sizeText(resumedBytes)}`;
  // A directory's size is known at its end.
  if (totalBytes === 0) return `${sizeText(doneBytes)}  ${sizeText(bytesPerSecond)}/s${resumed}`;
  return progressText(state) + resumed;
}
