import type { Mutant } from './mutant.ts';

/** Bugs of numbers, acknowledgements and repetitions; their files lie below engine. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    name: 'a message is confirmed before it is in the store',
    file: 'queues/inbox.ts',
    find: 'this.#writer.add({\n        frame,\n        source,',
    replace: 'resolve(true); this.#writer.add({ frame, source,',
  },
  {
    name: 'the number is not stored with the message',
    file: 'queues/inbox-writer.ts',
    find: 'await store.append(stream, frames, source);',
    replace: 'await store.append(stream, frames);',
  },
  {
    name: 'what an earlier run has stored is not asked for',
    file: 'queues/inbox-writer.ts',
    find: 'for (const [epoch, seq] of await store.lastSource(stream)) this.#stored.set(epoch, seq);',
    replace: '',
  },
  {
    name: 'every life of a queue has the same epoch',
    file: 'queues/outbox.ts',
    find: 'this.#epoch = newEpoch(options.random);',
    replace: "this.#epoch = 'A'.repeat(22);",
  },
  {
    name: 'a message that waited on the disk is numbered anew',
    file: 'queues/outbox.ts',
    find: 'number: parts.number ?? this.#numberFor(), position',
    replace: 'number: this.#numberFor(), position',
  },
  {
    name: 'what was sent on a lost connection is not sent again',
    file: 'queues/outbox.ts',
    find: 'entry.sent = false;',
    replace: '',
  },
  {
    name: 'an acknowledgement counts for one message too many',
    file: 'peers/sender.ts',
    find: 'outbox.confirmed({ epoch, seq: upTo }, { everSent: isFirst })',
    replace: 'outbox.confirmed({ epoch, seq: upTo + 1 }, { everSent: isFirst })',
  },
  {
    name: 'a message is confirmed when it is handed on, not when it is dealt with',
    file: 'peers/receiver.ts',
    find: 'stream.pending.push(pending);',
    replace: 'stream.pending.push(pending); this.#settle(stream, seq, "taken");',
  },
  {
    name: 'the epoch is ignored when a message comes',
    file: 'peers/receiver.ts',
    find: 'function keyOf(type: string, epoch: string): string {',
    replace: 'function keyOf(type: string, epoch: string): string { if (epoch !== type) return type;',
  },
  {
    name: 'the epoch is ignored when it is looked up what is stored',
    file: 'peers/receiver.ts',
    find: 'mark.type === type && mark.epoch === epoch',
    replace: 'mark.type === type',
  },
  {
    name: 'on a new connection what has only been handed on is told as had',
    file: 'peers/receiver.ts',
    find: 'for (const [key, { type, epoch, done }] of this.#streams) {',
    replace: 'for (const [key, { type, epoch, accepted: done }] of this.#streams) {',
  },
];
