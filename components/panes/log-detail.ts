/** One log row in full, for the detail dialog. */
import { bytesText, clockWithSeconds, countText, dateText } from '../state/format.ts';
import type { SafeBody, SafeLogRow } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { type Line, plain, span } from '../widgets/line.ts';
import { outcomeWord } from './log-pane.ts';

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

/** @param body the message, undefined when it is no longer kept: then only the row's text is shown */
export function logRowDetail(row: SafeLogRow, body: SafeBody | undefined): readonly Line[] {
  const { atMs, kind, sizeBytes, outcome, text } = row;
  const when = safe`${dateText(atMs)} ${clockWithSeconds(atMs)}`;
  if (kind === 'event') return [[span(safe`${when}${repeatsText(row)}`, 'faint')], [], [span(text)]];
  const size = sizeBytes === undefined ? trusted('') : safe` · ${bytesText(sizeBytes)}`;
  const head: Line = [span(safe`${when} · ${trusted(outcomeWord(outcome))}${size}`, 'faint')];
  if (body === undefined)
    return [head, [], [span(text)], [], [plain('The full message is no longer kept.', 'faint')]];
  const omitted: Line[] =
    body.omittedBytes === 0 ? [] : [[span(safe`… and ${bytesText(body.omittedBytes)} more`)]];
  const why: Line[] = row.reason === undefined ? [] : [[span(row.reason)]];
  return [
    head,
    ...why,
    ...body.headerLines.map((line): Line => [span(line)]),
    [],
    ...body.lines.map((line): Line => [span(line)]),
    ...omitted,
  ];
}
