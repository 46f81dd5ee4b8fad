import { type Binding, on } from '../binding.ts';
import type { KeyContext } from '../key-context.ts';

const needsQueue = ({ queue }: KeyContext): string | undefined =>
  queue === undefined ? 'No queue is selected.' : undefined;

/** The keys of the queues pane. */
export const QUEUES_KEYS: readonly Binding[] = [
  on('queues', 'w enter', ['why', 'why is it stuck?'], { command: 'why', footer: 1, refusal: needsQueue }),
];
