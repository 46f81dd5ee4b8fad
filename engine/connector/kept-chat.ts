import { join } from 'node:path';
import { hostAndPort } from '../base/addresses.ts';
import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Chat } from '../chat/chat.ts';
import type { KeptConversation, QueuedLine } from '../chat/kept/kept-conversation.ts';
import { KeptConversations } from '../chat/kept/kept-conversations.ts';
import { CHAT_TYPE } from '../chat/received-transfers.ts';
import { shownData } from '../chat/shown-text.ts';
import type { EstablishedPeer, PeerKeeper } from '../peers/endpoint.ts';
import type { Peer } from '../peers/peer.ts';
import type { Registry } from '../peers/registry.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { MessageNumber } from '../protocol/message-number.ts';
import { recordsOf } from '../protocol/record-batch.ts';
import type { Outbox } from '../queues/outbox.ts';
import type { DeliveryContext } from '../queues/outbox-batch.ts';
import { numberInHead } from '../queues/outbox-head.ts';
import { outboxStream, parseStreamName } from '../queues/stream-names.ts';
import type { KnownMachines } from '../security/known-machines.ts';
import { Journal } from '../storage/journal/journal.ts';
import { ReopenableStore } from '../storage/reopenable-store.ts';
import { RoutedStore } from '../storage/routed-store.ts';
import { lastPositionOf, type Store, type StoredBatch } from '../storage/store.ts';
import type { ConnectorOptions } from './connector-options.ts';
import { NOT_BACK } from './queue-store.ts';

export interface KeptChatOptions {
  /** For this user's chats of one role. */
  readonly directory: string;
  readonly connector: ConnectorOptions;
  /** The store of what is not kept. */
  readonly memory: Store;
  readonly known: KnownMachines;
  readonly log: TrafficLog;
}

interface KeptChatParts {
  readonly registry: Registry;
  readonly chat: Chat;
  /** Of a client. */
  readonly server: Peer | undefined;
}

/**
 * What the chat keeps on disk: conversations, and in a journal the lines that wait for a peer. Both belong to the
 * certificate of the peer, so that nothing of it ever goes to another machine. A peer without a certificate has neither.
 * The journal's lock makes this program the only one that keeps chats of its role for this user.
 */
export class KeptChat implements PeerKeeper {
  readonly store: Store;
  readonly #options: KeptChatOptions;
  readonly #journal: ReopenableStore;
  readonly #conversations: KeptConversations;
  /** By fingerprint. */
  readonly #peers = new Map<string, Peer>();
  #parts: KeptChatParts | undefined;
  #state: 'closed' | 'open' | 'in trouble' = 'closed';

  constructor(options: KeptChatOptions) {
    this.#options = options;
    const { directory, connector, memory, log } = options;
    const { displayName: ownName, ports } = connector;
    const { disk, clock, random } = ports;
    this.#journal = new ReopenableStore(() =>
      Journal.open({
        ...{ directory: chatJournalPath(directory), disk, clock, random },
        onEvent: (event) => {
          if (event.kind === 'refusing')
            log.event(`lines cannot be stored, so they are not sent: ${event.error.message}`, {
              warning: true,
            });
        },
      }),
    );
    this.store = new RoutedStore({
      durable: this.#journal,
      passing: memory,
      isDurable: (stream) => this.isKept(stream),
    });
    this.#conversations = new KeptConversations({
      ...{ directory, disk, random, ownName, messageType: CHAT_TYPE },
      onTrouble: (text) => log.event(text, { warning: true }),
    });
  }

  /** Whether a queue of lines is in the journal. Those of files are not: a start does not know where they are. */
  isKept(stream: string): boolean {
    const name = parseStreamName(stream);
    const isLines = name?.direction === 'out' && name.lane === undefined && name.type === CHAT_TYPE;
    return this.#state === 'open' && isLines && FINGERPRINT.test(name.peer);
  }

  /** Shows the conversations of earlier runs, and queues what waits. Never rejects: without them, the chat works. */
  async open(parts: KeptChatParts): Promise<void> {
    this.#parts = parts;
    if (this.#state !== 'closed') return;
    try {
      await this.#journal.open();
      this.#state = 'open';
      await this.#restore(parts);
    } catch (error) {
      this.#state = 'in trouble';
      const { code, message } = toAiocError(error, 'AIOC_STATE_DIRECTORY');
      const why =
        code === 'AIOC_JOURNAL_IN_USE' ? 'another aioc of this user keeps the conversations now' : message;
      this.#options.log.event(`what is said in this run is not kept: ${why}`, { warning: true });
    }
  }

  async close(): Promise<void> {
    await this.saved();
    this.#state = 'closed';
    await this.#journal.close();
  }

  /** Whether what waits for a peer survives this run. */
  keeps({ keptAs, sender }: Peer): boolean {
    const isKept = ({ depth, stored }: Outbox): boolean => depth === 0 || this.isKept(stored.stream);
    return keptAs !== undefined && this.#state === 'open' && sender.outboxes.every(isKept);
  }

  saved(): Promise<void> {
    return this.#conversations.saved();
  }

  /**
   * Reads what was said with a machine before it is connected.
   *
   * @returns why it must not be connected: the lines that wait here are for another one
   */
  async prepare(fingerprint: string): Promise<string | undefined> {
    if (this.#state === 'open') await this.#conversations.prepare(fingerprint);
    const expected = this.#parts?.server?.keptAs;
    return expected === undefined || expected === fingerprint
      ? undefined
      : 'this conversation is with the machine that was there before: start aioc again to talk to the new one';
  }

  established({ peer, link, peerKind }: EstablishedPeer): void {
    const fingerprint = link.certificate?.fingerprint;
    if (fingerprint === undefined || peerKind.kind !== 'aioc') return;
    const kept = this.#conversations.get(fingerprint);
    if (kept === undefined || this.#state !== 'open') return;
    if (peer.keptAs === undefined) this.#keep(peer, fingerprint, kept);
    if (peer.keptAs === fingerprint) kept.called(peerKind.hello.name);
  }

  /** The conversation of a peer, if it is kept. */
  of({ keptAs }: Peer): KeptConversation | undefined {
    return keptAs === undefined ? undefined : this.#conversations.get(keptAs);
  }

  forget(peer: Peer): void {
    if (peer.keptAs !== undefined) this.#peers.delete(peer.keptAs);
  }

  /** The context of a line that waits since an earlier run. */
  revive(number: MessageNumber): DeliveryContext {
    return {
      logId: 0,
      observer: {
        isCommon: true,
        onState: (_lines, state) => {
          if (state === 'refused') return;
          for (const peer of this.#peers.values()) if (this.of(peer)?.progressed(number, state)) return;
        },
      },
    };
  }

  /** @returns false if another peer of this run has the conversation: a second program of that machine */
  #keep(
    peer: Peer,
    fingerprint: string,
    kept: KeptConversation,
    queued: readonly QueuedLine[] = [],
  ): boolean {
    if (this.#parts === undefined || this.#peers.has(fingerprint)) return false;
    this.#peers.set(fingerprint, peer);
    peer.keepAs(fingerprint);
    kept.show(this.#parts.chat.conversation(peer.id), queued);
    return true;
  }

  async #restore(parts: KeptChatParts): Promise<void> {
    const waiting = new Set(
      (await this.#journal.streams()).flatMap((stream) => {
        const name = parseStreamName(stream);
        return name?.direction === 'out' ? [name.peer] : [];
      }),
    );
    const { server } = parts;
    const { known: machines, connector } = this.#options;
    const known = await machines.list();
    if (server !== undefined) {
      const address = hostAndPort(connector.host, connector.port);
      const its = known.find((one) => one.role === 'server' && one.address === address);
      if (its !== undefined) await this.#restoreOne(server, its.fingerprint);
      return;
    }
    let shown = 0;
    for (const { role, name, fingerprint } of known) {
      const isWaiting = waiting.has(fingerprint);
      // The files of all known machines can have a gigabyte.
      if (role !== 'client' || (!isWaiting && shown >= LIMITS.conversationsShown)) continue;
      const { hasRows } = await this.#conversations.prepare(fingerprint);
      if (!isWaiting && !hasRows) continue;
      shown += 1;
      await this.#restoreOne(this.#awayPeer(parts, { name, fingerprint }), fingerprint);
    }
  }

  #awayPeer(
    { registry }: KeptChatParts,
    { name, fingerprint }: { readonly name: string; readonly fingerprint: string },
  ): Peer {
    const { wireName, fingerprintWords } = this.#options.connector;
    const peer = registry.add({ wireName, name, address: '' });
    const words = fingerprintWords(fingerprint);
    registry.identify(peer, { certificate: { fingerprint, words } });
    peer.become('away', NOT_BACK);
    return peer;
  }

  async #restoreOne(peer: Peer, fingerprint: string): Promise<void> {
    const kept = await this.#conversations.prepare(fingerprint);
    const stream = outboxStream({ peer: fingerprint, type: CHAT_TYPE });
    if (!this.#keep(peer, fingerprint, kept, await this.#queuedLines(stream))) return;
    await peer.sender.restore([{ type: CHAT_TYPE }]);
  }

  async #queuedLines(stream: string): Promise<readonly QueuedLine[]> {
    const lines: QueuedLine[] = [];
    let batches: readonly StoredBatch[];
    for (let { acked: after } = await this.#journal.stat(stream); ; ) {
      batches = await this.#journal.read(stream, after, LIMITS.outboxLoadBytes);
      if (batches.length === 0) return lines;
      for (const { head, records, atMs } of batches) {
        const [record] = recordsOf(records);
        if (record === undefined) continue;
        lines.push({ number: numberInHead(head), atMs, text: shownData(record.data) });
      }
      after = lastPositionOf(batches.at(-1) as StoredBatch);
    }
  }
}

/** Where the chats of a user keep what is said: those of the two sides are apart, since both may run at once. */
export function conversationsPath(stateDirectory: string, role: 'server' | 'client'): string {
  return join(stateDirectory, 'chat', role);
}

/** The journal of the lines that wait. */
export function chatJournalPath(directory: string): string {
  return join(directory, 'journal');
}

/** What the chat of a connector keeps; undefined if it keeps nothing. */
export function keptChatOf(
  connector: ConnectorOptions,
  parts: Omit<KeptChatOptions, 'connector' | 'directory'>,
): KeptChat | undefined {
  const { conversationsDirectory: directory } = connector;
  return directory === undefined ? undefined : new KeptChat({ ...parts, connector, directory });
}

/** Hexadecimal: no other name of a peer in a stream is. */
const FINGERPRINT = /^[0-9a-f]+$/;
