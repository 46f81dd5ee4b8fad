import type { Inbox } from '../../../engine/queues/inbox.ts';

/**
 * The numbers of the messages that the inboxes of a node have stored, over all its lives. Once they are stored they must
 * not reach an inbox again: the store would recognize them, but they would have been sent for nothing.
 */
export class StoredNumbers {
  /** By sender, epoch and type. */
  readonly #last = new Map<string, number>();
  readonly #repeated: string[] = [];

  /** What was sent again although it was stored. */
  get repeated(): readonly string[] {
    return this.#repeated;
  }

  /** Looks at what is put into an inbox, as long as its connector lives. */
  watch(inbox: Inbox, isAlive: () => boolean): void {
    const put = inbox.put.bind(inbox);
    inbox.put = async (batch, arrival) => {
      const { source } = arrival ?? {};
      if (source === undefined || !isAlive()) return put(batch, arrival);
      const name = `${source.peerName} ${source.epoch} ${inbox.type}`;
      const last = this.#last.get(name) ?? 0;
      if (source.seq <= last)
        this.#repeated.push(`message ${source.seq} of ${name}, of which all up to ${last} are stored`);
      const dropped = await put(batch, arrival);
      const lastSeq = source.seq + batch.count - 1;
      if (isAlive()) this.#last.set(name, Math.max(lastSeq, this.#last.get(name) ?? 0));
      return dropped;
    };
  }
}
