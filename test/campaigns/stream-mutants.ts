import type { Mutant } from './mutant.ts';

/** Bugs of numbers, acknowledgements and repetitions; their files lie below engine. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    name: 'an inbox that is full and that nobody empties drops',
    file: 'queues/inbox.ts',
    find: 'mayWait: () => isHeld || this.#expectsConsumer,',
    replace: 'mayWait: () => this.#expectsConsumer,',
  },
  {
    name: 'a message is confirmed before it is in the store',
    file: 'queues/inbox.ts',
    find: 'this.#writer.add({\n        frame,\n        source,',
    replace: 'resolve(true); this.#writer.add({ frame, source,',
  },
  {
    name: 'the number is not stored with the message',
    file: 'queues/inbox-writer.ts',
    find: 'const first = await this.#withRetry(() => store.append(stream, batches, mark));',
    replace: 'const first = await this.#withRetry(() => store.append(stream, batches));',
  },
  {
    name: 'what an earlier run has stored is not asked for',
    file: 'queues/inbox-writer.ts',
    find: 'for (const mark of await store.marks(stream)) this.#stored.set(markName(mark), mark.seq);',
    replace: '',
  },
  {
    name: 'every life of a queue has the same epoch',
    file: 'queues/outbox-numbers.ts',
    find: 'this.epoch = newEpoch(random);',
    replace: "this.epoch = 'A'.repeat(22);",
  },
  {
    name: 'a message that waited on the disk is numbered anew',
    file: 'queues/outbox.ts',
    find: 'number: parts.number ?? this.#numbers.nextUnnumbered(),',
    replace: 'number: this.#numbers.nextUnnumbered(),',
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
    find: 'outbox.acked({ epoch, seq: upTo }, { everSent: isFirst })',
    replace: 'outbox.acked({ epoch, seq: upTo + 1 }, { everSent: isFirst })',
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
    find: 'position.type === type && position.epoch === epoch',
    replace: 'position.type === type',
  },
  {
    name: 'on a new connection what has only been handed on is told as had',
    file: 'peers/receiver.ts',
    find: 'for (const [key, { type, epoch, done }] of this.#streams) {',
    replace: 'for (const [key, { type, epoch, accepted: done }] of this.#streams) {',
  },
  {
    name: 'when the answer to the probe comes late, what is not confirmed is sent again under new numbers',
    file: 'peers/sender.ts',
    find: 'if (this.#link === link) return false;',
    replace: `if (this.#link === link) {
      for (const [epoch, outbox] of this.#byEpoch) {
        const other = [...epoch].reverse().join('');
        for (const { number } of outbox.acked({ epoch, seq: Infinity })) Object.assign(number, { epoch: other });
        outbox.rewind();
      }
      return false;
    }`,
  },
  {
    name: 'what goes to who is taken for Python has a number of this connection only',
    file: 'peers/sender.ts',
    find: 'return transportIdOf(outbox.send(entry));',
    replace: `const number = outbox.send(entry);
    return this.#link?.speaksStreams ? transportIdOf(number) : String(number.seq);`,
  },
  {
    name: 'who speaks as aioc does and was taken for Python is left alone',
    file: 'peers/probe.ts',
    find: '!isAioc && frame.header.message_type === AIOC_TYPE',
    replace: 'frame.header.message_type === undefined',
  },
];
