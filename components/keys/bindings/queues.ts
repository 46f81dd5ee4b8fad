import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const needsQueue = ({ queue }: KeyContext): string | undefined =>
  queue === undefined ? 'No queue is selected.' : undefined;

const needsMessages = (context: KeyContext): string | undefined =>
  needsQueue(context) ?? (context.queue?.depth === 0 ? 'The queue is empty.' : undefined);

/** The keys of the queues pane. */
export const QUEUES_KEYS: readonly Binding[] = [
  on('queues', 'w enter', ['why', 'why is it stuck?'], { command: 'why', footer: 1, refusal: needsQueue }),
  on('queues', 'p', ['peek', 'peek at its first messages, which stay'], {
    ...{ command: 'peek', footer: 1, refusal: needsMessages },
  }),
  on('queues', 'e', ['export', 'export its messages to a file, they stay'], {
    ...{ command: 'export', footer: 2, refusal: needsMessages },
  }),
  on('queues', 'x', ['purge', 'purge, that is drop its messages'], {
    ...{ command: 'purge', footer: 3, refusal: needsMessages },
  }),
];
