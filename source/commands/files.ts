import { sanitize } from '../../components/terminal/sanitize.ts';
import { ConnectorRemoteTool, type TransferRow } from '../../engine/index.ts';
import { ageInWords } from '../age-in-words.ts';
import { EXIT } from '../exit-codes.ts';
import { optionsOf } from '../find-connector.ts';
import { harmless, jsonPage } from '../harmless.ts';
import { plainTable } from '../plain-table.ts';
import { sizeText } from '../progress-line.ts';
import type { FilesOptions } from './files-arguments.ts';

/**
 * `aioc files`: lists the files on their way and the partial ones, stops a transfer, or deletes partial files.
 *
 * @param print receives whole lines; default: the standard output
 * @returns the exit code
 * @throws AiocError AIOC_CONNECTOR_AWAY, AIOC_COMMAND, AIOC_CONFIG, AIOC_USAGE
 */
export async function runFiles(
  { connector, directories, json, action }: FilesOptions,
  print: (text: string) => void = (text) => void process.stdout.write(harmless(text)),
): Promise<number> {
  const tool = new ConnectorRemoteTool(await optionsOf(connector, directories));
  if (action === undefined) {
    const rows = await tool.listTransfers();
    print(json ? `${jsonPage(rows)}\n` : `${tableOf(rows, Date.now())}\n`);
    return EXIT.ok;
  }
  const rows =
    action.kind === 'cancel'
      ? [await tool.cancelTransfer(action.id)]
      : await tool.cleanTransfers(action.choice);
  if (json) print(`${jsonPage(rows)}\n`);
  else print(`${doneText(action.kind, rows)}\n`);
  return EXIT.ok;
}

function doneText(kind: 'cancel' | 'clean', rows: readonly TransferRow[]): string {
  const done = kind === 'cancel' ? 'cancelled' : 'deleted';
  if (rows.length === 0) return 'no partial file is that old';
  return rows
    .map((row) => `${done} ${sanitize(row.name)} ${fromOrTo(row)} (${sizeText(row.doneBytes)})`)
    .join('\n');
}

function fromOrTo({ direction, peerName }: TransferRow): string {
  return `${direction === 'in' ? 'from' : 'to'} ${sanitize(peerName)}`;
}

function tableOf(rows: readonly TransferRow[], nowMs: number): string {
  if (rows.length === 0) return 'No files are on their way, and none wait for their peers.';
  const order = (row: TransferRow): number => (row.phase === 'waiting' ? 1 : 0);
  const lines = [...rows]
    .sort((a, b) => order(a) - order(b))
    .map((row) => [
      row.id,
      fromOrTo(row),
      `${sizeText(row.doneBytes)}${row.totalBytes === undefined ? '' : ` of ${sizeText(row.totalBytes)}`}`,
      stateText(row, nowMs),
      sanitize(row.name),
    ]);
  return plainTable([['ID', 'PEER', 'DONE', 'STATE', 'NAME'], ...lines]);
}

function stateText(
  { phase, bytesPerSecond, totalBytes, doneBytes, idleSinceMs }: TransferRow,
  nowMs: number,
): string {
  if (phase === 'waiting')
    return idleSinceMs === undefined ? 'waits' : `waits, nothing for ${ageInWords(nowMs - idleSinceMs)}`;
  if (phase !== 'running') return phase;
  const left =
    totalBytes === undefined || bytesPerSecond === 0
      ? ''
      : `, ${ageInWords(((totalBytes - doneBytes) / bytesPerSecond) * 1000)} left`;
  return `${sizeText(bytesPerSecond)}/s${left}`;
}
