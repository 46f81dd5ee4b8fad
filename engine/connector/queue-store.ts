import { LIMITS } from '../base/limits.ts';
import type { LocalBroker } from '../local/local-broker.ts';
import type { Peer } from '../peers/peer.ts';
import type { Registry } from '../peers/registry.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { JsonObject } from '../protocol/header.ts';
import { HeldMessages } from '../queues/held-messages.ts';
import { fileHeaderIn } from '../queues/outbox-loader.ts';
import type { QueueRules } from '../queues/queue-rules.ts';
import { parseStreamName, type StoredOutbox } from '../queues/stream-names.ts';
import { parseHeldStream } from '../storage/held-streams.ts';
import { markName } from '../storage/mark-name.ts';
import { ReopenableStore } from '../storage/reopenable-store.ts';
import { RoutedStore } from '../storage/routed-store.ts';
import { lastPositionOf, type Store, type StoredBatch } from '../storage/store.ts';

export interface QueueStoreOptions {
  readonly rules: QueueRules;
  /** The store of queues that are kept in memory only. */
  readonly memory: Store;
  /** Called at each start if any type is stored. */
  readonly openJournal: () => Promise<Store>;
  /** Imports messages that a Python connector has stored, before the queues are restored. */
  readonly importRemains: (store: Store) => Promise<void>;
  /** Deletes files of messages of an earlier run, except those in `named`. */
  readonly keepFiles: (named: () => Promise<ReadonlySet<string>>) => Promise<void>;
  readonly log: TrafficLog;
}

/** The owners of restored queues. */
export interface RestoreTargets {
  readonly registry: Registry;
  /** A client's server. */
  readonly server: Peer | undefined;
  readonly broker: LocalBroker;
}

/** A connector's queues, on disk and in memory, and how they are restored at its start. */
export class QueueStore {
  readonly store: Store;
  readonly #options: QueueStoreOptions;
  readonly #journal: ReopenableStore | undefined;
  /** Stored streams of types that are no longer stored: they stay on disk until they are empty. */
  #leftOver: ReadonlySet<string> = new Set();
  /** Of these, the streams that no queue of this configuration uses. */
  readonly #unused = new Set<string>();
  #restored = false;

  constructor(options: QueueStoreOptions) {
    this.#options = options;
    const { rules, memory, openJournal } = options;
    if (!rules.storesAny) {
      this.store = memory;
      return;
    }
    this.#journal = new ReopenableStore(openJournal);
    this.store = new RoutedStore({
      durable: this.#journal,
      passing: memory,
      isDurable: (stream) => rules.isStoredStream(stream) || this.#leftOver.has(stream),
    });
  }

  /** @throws AiocError if the journal cannot be used; nothing is open then */
  async open(targets: RestoreTargets): Promise<void> {
    await this.#journal?.open();
    if (this.#restored) return;
    await this.#options.keepFiles(() => this.#filesNamed());
    if (this.#journal === undefined) {
      this.#restored = true;
      return;
    }
    await this.#releaseHeld(this.#journal);
    await this.#options.importRemains(this.store);
    this.#leftOver = new Set(await this.#journal.streams());
    await this.#restore(targets);
    this.#restored = true;
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  /**
   * Deletes the stored messages that this configuration does not use, as logged at the start.
   *
   * @returns the number of deleted messages
   * @throws AiocError AIOC_DISK_FULL, AIOC_DISK
   */
  async purgeUnused(): Promise<number> {
    let count = 0;
    for (const stream of this.#unused) {
      count += await this.store.purge(stream);
      this.#unused.delete(stream);
    }
    return count;
  }

  /** For messages that no peer sent, gaps cannot be filled by a peer. */
  async #releaseHeld(journal: Store): Promise<void> {
    for (const name of await journal.streams()) {
      const held = parseHeldStream(name);
      if (held === undefined) continue;
      const isPeers = parseStreamName(held.stream)?.direction === 'in' && held.sender !== '';
      if (isPeers) continue;
      const messages = new HeldMessages({ store: journal, stream: held.stream });
      await messages.restore();
      await messages.release(markName(held), Number.MAX_SAFE_INTEGER);
    }
  }

  /** The files that stored messages name. */
  async #filesNamed(): Promise<ReadonlySet<string>> {
    const named = new Set<string>();
    const journal = this.#journal;
    if (journal === undefined) return named;
    const streams = await journal.streams();
    for (const stream of streams.filter((name) => parseStreamName(name)?.direction === 'out')) {
      let batches: readonly StoredBatch[];
      for (let after = 0; ; after = lastPositionOf(batches.at(-1) as StoredBatch)) {
        batches = await journal.read(stream, after, LIMITS.outboxLoadBytes);
        if (batches.length === 0) break;
        for (const batch of batches) {
          const path = (fileHeaderIn(batch)?.['with_file'] as JsonObject | undefined)?.['src_path'];
          if (typeof path === 'string') named.add(path);
        }
      }
    }
    return named;
  }

  async #restore({ registry, server, broker }: RestoreTargets): Promise<void> {
    await broker.restore();
    const inTypes = new Set([...broker.inboxes].map(({ type }) => type));
    const outgoing = new Map<string, (StoredOutbox & { readonly stream: string })[]>();
    for (const stream of this.#leftOver) {
      const name = parseStreamName(stream);
      if (name?.direction === 'out')
        outgoing.set(name.peer, [...(outgoing.get(name.peer) ?? []), { ...name, stream }]);
      else if (name !== undefined && !inTypes.has(name.type))
        await this.#warnOf(stream, `their type ${name.type} is no longer in recv_message_types`);
    }
    for (const [peerName, streams] of outgoing) {
      const peer = server ?? registry.byWireName(peerName) ?? addAwayPeer(registry, peerName, NOT_BACK);
      if (peer.wireName === peerName) await peer.sender.restore(streams);
      else
        for (const { stream } of streams)
          await this.#warnOf(stream, `${peerName} is no longer this client's server`);
    }
  }

  async #warnOf(stream: string, what: string): Promise<void> {
    this.#unused.add(stream);
    const { count } = await this.store.stat(stream);
    this.#options.log.event(`${count} stored messages stay on the disk, unused: ${what}`, { warning: true });
  }
}

/** A client that is not connected but has stored messages. */
export function addAwayPeer(registry: Registry, wireName: string, reason: string): Peer {
  const peer = registry.add({ wireName, name: wireName, address: '' });
  peer.become('away', reason);
  return peer;
}

/** What was before the start is not known here. */
export const NOT_BACK = 'it has not connected since this connector started';
