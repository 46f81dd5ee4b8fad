/** One log row in full, for the detail dialog. */
import { bytesText, clockWithMs, clockWithSeconds, counted, countText, dateText } from '../state/format.ts';
import type { SafeLogRow } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { type Line, plain, span } from '../widgets/line.ts';
import { outcomeWord, toneOf } from './log-pane.ts';

export function logRowTitle({ kind, direction, peerName, type, outcome }: SafeLogRow): SafeText {
  const what = kind === 'event' ? trusted(outcome === 'warning' ? 'warning' : 'event') : type;
  if (peerName === '') return what;
  if (kind === 'event') return safe`${peerName} · ${what}`;
  return safe`${what} ${trusted(direction === 'in' ? 'from' : 'to')} ${peerName}`;
}

/** Of a warning that came several times. */
function repeatsText({ repeats, lastAtMs }: SafeLogRow): SafeText {
  if (repeats === undefined || lastAtMs === undefined) return trusted('');
  return safe` · ${countText(repeats)} times, the last at ${clockWithSeconds(lastAtMs)}`;
}

/** An event in full, or a row whose message is no longer kept. */
export function logRowDetail(row: SafeLogRow): readonly Line[] {
  if (row.kind !== 'event')
    return [
      ...logRowFacts(row),
      [],
      [span(row.text)],
      [],
      [plain('The full message is no longer kept.', 'faint')],
    ];
  return [[span(safe`${timeText(row.atMs)}${repeatsText(row)}`, 'faint')], [], [span(row.text)]];
}

/** When a message came, what became of it and why, and its size. */
export function logRowFacts({ atMs, sizeBytes, outcome, reason }: SafeLogRow): readonly Line[] {
  const what: Line = [
    span(safe`${timeText(atMs)} · `, 'faint'),
    span(trusted(outcomeWord(outcome)), toneOf(outcome)),
    span(sizeText(sizeBytes), 'faint'),
  ];
  return reason === undefined ? [what] : [what, [span(reason, 'warn')]];
}

/** A large size also exactly. */
function sizeText(bytes: number | undefined): SafeText {
  if (bytes === undefined) return trusted('');
  return bytes < 1_000
    ? safe` · ${counted(bytes, 'byte')}`
    : safe` · ${bytesText(bytes)} (${counted(bytes, 'byte')})`;
}

function timeText(atMs: number): SafeText {
  return safe`${dateText(atMs)} ${clockWithMs(atMs)}`;
}
