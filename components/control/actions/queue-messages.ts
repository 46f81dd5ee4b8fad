import type { Command } from '../../../engine/contract/commands.ts';
import type { PeekQuestion } from '../../../engine/contract/queue-peek.ts';
import { openPeek } from '../../dialogs/peek.ts';
import type { KeyContext } from '../../keys/key-context.ts';
import { queueName } from '../../panes/queues-pane.ts';
import { counted, countText } from '../../state/format.ts';
import type { MarkableRow } from '../../state/marks.ts';
import { type SafeText, safe, sanitize, trusted } from '../../terminal/sanitize.ts';
import type { UiContext } from '../ui-context.ts';

/** Messages in one answer of the connector. */
const PAGE_ROWS = 100;

export function peekQueue(control: UiContext): void {
  const { queue } = control.context();
  if (queue !== undefined) openPeek(control, { id: queue.id, name: queueName(queue) });
}

/** What purge and export are for: the marked queues, else the selected one. */
function actedQueues({ ui, queue }: KeyContext): readonly MarkableRow[] {
  const marked = [...ui.marks.queues].map(([id, name]): MarkableRow => ({ id, name }));
  if (marked.length > 0) return marked;
  return queue === undefined ? [] : [{ id: queue.id, name: queueName(queue) }];
}

/** Drops, after the countdown, what waits now in the marked queues or the selected one; what comes meanwhile stays. */
export function purgeQueue(control: UiContext): void {
  const queues = actedQueues(control.context());
  if (queues.length === 0) return;
  const asked = queues.map(async ({ id }) => ({
    id,
    answer: await control.engine.peek({ queue: id, rows: 0 }),
  }));
  Promise.all(asked).then(
    (answers) => {
      const commands: Command[] = [];
      let depth = 0;
      for (const { id, answer } of answers) {
        if ('fault' in answer) return control.toast('bad', sanitize(answer.fault));
        if (answer.depth > 0) commands.push({ kind: 'queue.purge', queue: id, upTo: answer.end });
        depth += answer.depth;
      }
      if (commands.length === 0) return control.toast('info', trusted('The queues are empty.'));
      const name = nameOf(queues);
      control.later({
        label: safe`Purge ${counted(depth, 'message')} of ${name}`,
        commands,
        done: safe`Purged ${name}; what is on its way, and what came since, stays.`,
      });
    },
    () => control.toast('bad', trusted('The connector did not answer.')),
  );
}

function nameOf(queues: readonly MarkableRow[]): SafeText {
  const [first] = queues;
  return queues.length === 1 && first !== undefined ? first.name : counted(queues.length, 'queue');
}

/** Writes the messages that the marked queues or the selected one have now into files, page by page. */
export function exportQueue(control: UiContext): void {
  exportAll(control, actedQueues(control.context())).catch((error: unknown) =>
    control.toast(
      'bad',
      safe`Not exported: ${sanitize(error instanceof Error ? error.message : 'the connector did not answer')}`,
    ),
  );
}

/** One after the other: each is said with its file. @throws Error with the reason for the user */
async function exportAll(control: UiContext, queues: readonly MarkableRow[]): Promise<void> {
  let count = 0;
  for (const queue of queues) count += await writePages(control, queue);
  if (queues.length > 1)
    control.toast(
      'good',
      safe`Exported ${counted(count, 'message')} of ${nameOf(queues)}; they stay queued.`,
    );
}

/** @throws Error with the reason for the user */
async function writePages(control: UiContext, { id, name }: MarkableRow): Promise<number> {
  const file = await control.local.createExport(name);
  try {
    let count = 0;
    let page: PeekQuestion = { queue: id, rows: PAGE_ROWS, bodies: 'whole' };
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
    return count;
  } finally {
    await file.close();
  }
}
