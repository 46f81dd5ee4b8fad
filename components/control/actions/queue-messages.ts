import type { PeekQuestion } from '../../../engine/contract/queue-peek.ts';
import { openPeek } from '../../dialogs/peek.ts';
import { queueName } from '../../panes/queues-pane.ts';
import { counted, countText } from '../../state/format.ts';
import type { SafeQueueRow } from '../../state/safe-rows.ts';
import { safe, sanitize, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';

/** Messages in one answer of the connector. */
const PAGE_ROWS = 100;

export function peekQueue(control: UiContext): void {
  const { queue } = control.context();
  if (queue !== undefined) openPeek(control, { id: queue.id, name: queueName(queue) });
}

/** Drops, after the countdown, what waits now; what comes meanwhile stays. */
export function purgeQueue(control: UiContext): void {
  const { queue } = control.context();
  if (queue === undefined) return;
  const name = queueName(queue);
  control.engine.peek({ queue: queue.id, rows: 0 }).then(
    (answer) => {
      if ('fault' in answer) return control.toast('bad', sanitize(answer.fault));
      control.later({
        label: safe`Purge ${counted(answer.depth, 'message')} of ${name}`,
        commands: [{ kind: 'queue.purge', queue: queue.id, upTo: answer.end }],
        done: safe`Purged ${name}; what is on its way, and what came since, stays.`,
      });
    },
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}

/** Writes the messages that a queue has now into a file, page by page. */
export function exportQueue(control: UiContext): void {
  const { queue } = control.context();
  if (queue === undefined) return;
  writePages(control, queue).catch((error: unknown) =>
    control.toast(
      'bad',
      safe`Not exported: ${sanitize(error instanceof Error ? error.message : 'the connector did not answer')}`,
    ),
  );
}

/** @throws Error with the reason for the user */
async function writePages(control: UiContext, queue: SafeQueueRow): Promise<void> {
  const name = queueName(queue);
  const file = await control.local.createExport(name);
  try {
    let count = 0;
    let page: PeekQuestion = { queue: queue.id, rows: PAGE_ROWS, bodies: 'whole' };
    for (;;) {
      const answer = await control.engine.peek(page);
      if ('fault' in answer) throw new Error(answer.fault);
      await file.append(answer.rows);
      count += answer.rows.length;
      const after = answer.rows.at(-1)?.place;
      if (!answer.hasMore || after === undefined) break;
      control.toast('info', safe`Exporting ${name}: ${countText(count)} of ${countText(answer.depth)} …`);
      page = { ...page, after, upTo: page.upTo ?? answer.end };
    }
    control.toast(
      'good',
      safe`Exported ${counted(count, 'message')} as ${sanitize(file.path)}; they stay queued.`,
    );
  } finally {
    await file.close();
  }
}
