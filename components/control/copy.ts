import type { KeyContext } from '../keys/key-context.ts';
import { queueName } from '../panes/queues-pane.ts';
import { marksOf } from '../state/marks.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';

/** The selected row of the focused pane, or the names of the marked ones, as lines to copy; undefined if there is none. */
export function selectedText(context: KeyContext): readonly SafeText[] | undefined {
  const { ui, peer, queue, logRow, chatRow } = context;
  const marks = marksOf(ui);
  if (marks.size > 0) return [...marks.values()];
  switch (ui.focus) {
    case 'peers':
      return (
        peer && [
          ...[peer.name, peer.address, ...(peer.words === undefined ? [] : [peer.words])],
          ...(peer.fingerprint === undefined ? [] : [trusted(peer.fingerprint)]),
        ]
      );
    case 'queues':
      return (
        queue && [
          safe`${queueName(queue)}: ${queue.depth} messages`,
          ...(queue.blocked === undefined ? [] : [queue.blocked.text]),
        ]
      );
    case 'log':
      return logRow && [logRow.text];
    case 'chat':
      return chatRow?.lines;
  }
}
