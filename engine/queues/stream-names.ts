/** A queue of messages for a peer; `lane`: one beside that of its type, for messages that others may overtake. */
export interface StoredOutbox {
  readonly type: string;
  readonly lane?: number | undefined;
}

/** The names of a connector's streams in its store: `out/<peer>/<type>`, `lane/<peer>/<lane>/<type>` and `in/<type>`. */
export type StreamName =
  | ({ readonly direction: 'out'; readonly peer: string } & StoredOutbox)
  | { readonly direction: 'in'; readonly type: string };

/** @param peer without `/`, as every name on the wire */
export function outboxStream({ peer, type, lane }: { readonly peer: string } & StoredOutbox): string {
  return lane === undefined ? `out/${peer}/${type}` : `lane/${peer}/${lane}/${type}`;
}

export function inboxStream(type: string): string {
  return `in/${type}`;
}

/** Undefined for a name that is not a queue's. */
export function parseStreamName(name: string): StreamName | undefined {
  const [, peer, outType] = /^out\/([^/]+)\/(.+)$/s.exec(name) ?? [];
  if (peer !== undefined && outType !== undefined) return { direction: 'out', peer, type: outType };
  const [, lanePeer, lane, laneType] = /^lane\/([^/]+)\/(\d{1,4})\/(.+)$/s.exec(name) ?? [];
  if (lanePeer !== undefined && laneType !== undefined)
    return { direction: 'out', peer: lanePeer, type: laneType, lane: Number(lane) };
  const [, type] = /^in\/(.+)$/s.exec(name) ?? [];
  return type === undefined ? undefined : { direction: 'in', type };
}
