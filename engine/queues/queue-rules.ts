import { LIMITS } from '../base/limits.ts';
import type { WhenFull } from '../config/shapes.ts';
import type { Capacity } from './capacity.ts';
import { parseStreamName } from './stream-names.ts';

/** Which messages survive a restart, and how many: the persistence keys of the configuration. */
export interface PersistenceRules {
  /** disk_persistence_send: all, none, or the listed types. */
  readonly send: boolean | readonly string[];
  /** disk_persistence_recv. */
  readonly recv: boolean | readonly string[];
  /** max_size_persistence_path, per queue. */
  readonly maxBytes: number;
  readonly whenFull: WhenFull;
}

/** Nothing survives a restart, as in the chat. */
export const MEMORY_ONLY: PersistenceRules = { send: false, recv: false, maxBytes: 0, whenFull: 'refuse' };

/** The rules of each queue of a connector, by direction and type. */
export class QueueRules {
  readonly #rules: PersistenceRules;

  constructor(rules: PersistenceRules) {
    this.#rules = rules;
  }

  get whenFull(): WhenFull {
    return this.#rules.whenFull;
  }

  /** Whether any queue is stored. */
  get storesAny(): boolean {
    const { send, recv } = this.#rules;
    return [send, recv].some((kept) => kept === true || (kept !== false && kept.length > 0));
  }

  isStored(direction: 'out' | 'in', type: string): boolean {
    const kept = direction === 'out' ? this.#rules.send : this.#rules.recv;
    return typeof kept === 'boolean' ? kept : kept.includes(type);
  }

  isStoredStream(name: string): boolean {
    const parsed = parseStreamName(name);
    return parsed !== undefined && this.isStored(parsed.direction, parsed.type);
  }

  /** A stored queue is limited only by its bytes on the disk: memory holds a window of it. */
  capacityOf(direction: 'out' | 'in', type: string): Capacity {
    if (this.isStored(direction, type))
      return { messages: Number.MAX_SAFE_INTEGER, bytes: this.#rules.maxBytes };
    return direction === 'out'
      ? {
          messages: LIMITS.outboxMessages,
          bytes: LIMITS.outboxBytes,
          takesOneOfAnySize: true,
          aheadBytes: LIMITS.outboxAheadBytes,
        }
      : { messages: LIMITS.inboxMessages, bytes: LIMITS.inboxBytes };
  }
}
