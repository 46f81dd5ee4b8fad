import { showDetail } from '../../dialogs/detail.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { queueName } from '../../panes/queues-pane.ts';
import { ageText, bytesText, counted, durationText } from '../../state/format.ts';
import type { SafeQueueRow } from '../../state/safe-rows.ts';
import { worstQueue } from '../../state/worst-queue.ts';
import { type SafeText, safe, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';

/** What is done with the selected queue. */
export const QUEUE_ACTIONS = {
  why: explainQueue,
} satisfies Partial<Record<ActionId, Act>>;

/** The queue that was chosen by hand, else the one of the hint line. */
function explainQueue(control: UiContext): void {
  const { queue: selected, ui, data } = control.context();
  const worst = ui.queues.selected.byHand === true ? undefined : worstQueue(data.queues);
  const queue = worst ?? selected;
  if (queue === undefined) return;
  const oldest =
    queue.oldestAtMs === undefined
      ? []
      : [safe`The oldest message has waited ${ageText(ui.nowMs - queue.oldestAtMs)}.`];
  const drain =
    queue.drainSeconds === undefined
      ? []
      : [safe`At this rate the queue is empty in ${durationText(queue.drainSeconds)}.`];
  const why =
    queue.blocked ??
    trusted(queue.depth === 0 ? 'The queue is empty.' : 'The queue is not stuck: messages are leaving it.');
  showDetail(control, safe`Why? ${queueName(queue)}`, [
    why,
    safe`${counted(queue.depth, 'message')}, ${bytesText(queue.bytes)}.`,
    ...storedLine(queue),
    ...droppedLine(queue),
    ...oldest,
    ...drain,
  ]);
}

function storedLine({ stored }: SafeQueueRow): readonly SafeText[] {
  if (stored === undefined) return [];
  return [
    stored
      ? trusted('Stored on disk: it survives a restart.')
      : trusted(
          'In memory only: it is lost when aioc stops (see disk_persistence_send and disk_persistence_recv).',
        ),
  ];
}

function droppedLine({ dropped }: SafeQueueRow): readonly SafeText[] {
  if (dropped === undefined) return [];
  const count = counted(dropped, 'message');
  return [
    safe`${count} dropped because the queue was full (see max_size_persistence_path and when_full). The log lists them.`,
  ];
}
