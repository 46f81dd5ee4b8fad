/** The names of a connector's streams in its store: `out/<peer>/<type>` and `in/<type>`. */
export type StreamName =
  | { readonly direction: 'out'; readonly peer: string; readonly type: string }
  | { readonly direction: 'in'; readonly type: string };

/** @param peer without `/`, as every name on the wire */
export function outboxPrefix(peer: string): string {
  return `out/${peer}/`;
}

export function inboxStream(type: string): string {
  return `in/${type}`;
}

/** Undefined for a name that is not a queue's. */
export function parseStreamName(name: string): StreamName | undefined {
  const [, peer, outType] = /^out\/([^/]+)\/(.+)$/s.exec(name) ?? [];
  if (peer !== undefined && outType !== undefined) return { direction: 'out', peer, type: outType };
  const [, type] = /^in\/(.+)$/s.exec(name) ?? [];
  return type === undefined ? undefined : { direction: 'in', type };
}
