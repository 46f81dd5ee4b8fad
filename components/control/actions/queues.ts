import { showDetail } from '../../dialogs/detail.ts';
import type { ActionId } from '../../keys/action-id.ts';
import { queueName } from '../../panes/queues-pane.ts';
import { ageText, bytesText, counted, countText, durationText } from '../../state/format.ts';
import type { SafeQueueRow } from '../../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';
import type { Act } from './act.ts';
import { exportQueue, peekQueue, purgeQueue } from './queue-messages.ts';

/** What is done with the selected queue. */
export const QUEUE_ACTIONS = {
  why: explainQueue,
  peek: peekQueue,
  export: exportQueue,
  purge: purgeQueue,
} satisfies Partial<Record<ActionId, Act>>;

/** The queue that was chosen by hand, else the one of the hint line. */
function explainQueue(control: UiContext): void {
  const { queue: selected, ui, data } = control.context();
  const worst = ui.queues.selected.byHand === true ? undefined : data.status?.worstQueue;
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
    queue.blocked?.text ??
    trusted(queue.depth === 0 ? 'The queue is empty.' : 'The queue is not stuck: messages are leaving it.');
  showDetail(control, safe`Why? ${queueName(queue)}`, [
    why,
    ...(queue.blocked === undefined ? [] : remedyLines(queue.blocked)),
    ...(queue.blocked?.more ?? []).flatMap((also) => [safe`Also: ${also.text}`, ...remedyLines(also)]),
    safe`${counted(queue.depth, 'message')}, ${bytesText(queue.bytes)}.`,
    ...storedLine(queue),
    ...droppedLine(queue),
    ...creditLine(queue),
    ...oldest,
    ...drain,
  ]);
}

function remedyLines({ remedy }: Pick<NonNullable<SafeQueueRow['blocked']>, 'remedy'>): readonly SafeText[] {
  if (remedy === undefined) return [];
  const text = safe`What to do: ${remedy.text}${trusted(remedy.command === undefined ? '.' : ':')}`;
  return remedy.command === undefined ? [text] : [text, safe`  ${remedy.command}`];
}

/** Only of an outbox whose messages are on their way. */
function creditLine({ credit, ackLagMs }: SafeQueueRow): readonly SafeText[] {
  if (credit === undefined || credit.unackedBytes === 0) return [];
  const lag = ackLagMs === undefined ? trusted('no ack yet') : safe`acks take ${countText(ackLagMs)} ms`;
  return [
    safe`${bytesText(credit.unackedBytes)} of ${bytesText(credit.maxBytes)} sent and not acknowledged; ${lag}.`,
  ];
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
