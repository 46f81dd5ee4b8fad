import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const needsQueue = ({ queue }: KeyContext): string | undefined =>
  queue === undefined ? 'No queue is selected.' : undefined;

const needsMessages = (context: KeyContext): string | undefined =>
  needsQueue(context) ?? (context.queue?.depth === 0 ? 'The queue is empty.' : undefined);

/** Of the marked queues, some may have messages. */
const needsMarkOrMessages = (context: KeyContext): string | undefined =>
  context.ui.marks.queues.size > 0 ? undefined : needsMessages(context);

/** `purge 3`, while rows are marked. */
const withCount =
  (label: string) =>
  ({ ui }: KeyContext): string =>
    ui.marks.queues.size > 0 ? `${label} ${ui.marks.queues.size}` : label;

/** The keys of the queues pane. */
export const QUEUES_KEYS: readonly Binding[] = [
  on('queues', 'w enter', ['why', 'why is it stuck?'], { command: 'why', footer: 1, refusal: needsQueue }),
  on('queues', 'p', ['peek', 'peek at its first messages, which stay'], {
    ...{ command: 'peek', footer: 1, refusal: needsMessages },
  }),
  on('queues', 'e', ['export', 'export its messages to a file, they stay'], {
    ...{ labelNow: withCount('export'), command: 'export', footer: 2, refusal: needsMarkOrMessages },
  }),
  on('queues', 'x', ['purge', 'purge, that is drop its messages'], {
    ...{ labelNow: withCount('purge'), command: 'purge', footer: 3, refusal: needsMarkOrMessages },
  }),
];
