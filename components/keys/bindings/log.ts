import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const needsLogRow = ({ logRow }: KeyContext): string | undefined =>
  logRow === undefined ? 'No row is selected.' : undefined;

/** The keys of the log pane. */
export const LOG_KEYS: readonly Binding[] = [
  on('log', 'enter o', ['open-log-row', 'open'], { command: 'open', footer: 1, refusal: needsLogRow }),
  on('log', 'f', ['freeze', 'freeze the log, or let it go on'], {
    ...{ command: 'freeze', footer: 2 },
    labelNow: ({ ui }) => (ui.frozenLogId === undefined ? 'freeze' : 'go on'),
  }),
];
