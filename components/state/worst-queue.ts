import type { EngineData, SafeQueueRow } from './safe-rows.ts';

/** The blocked queue with the most messages: the one that the hint line explains. */
export function worstQueue(update: EngineData['queues']): SafeQueueRow | undefined {
  const stuck = (update?.rows ?? []).filter(({ blocked }) => blocked !== undefined);
  return stuck.toSorted((left, right) => right.depth - left.depth)[0];
}
