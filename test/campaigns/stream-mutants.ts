import type { Mutant } from './mutant.ts';

/** Bugs of numbers, acknowledgements and repetitions; their files lie below engine. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    name: 'an inbox that is full and that nobody empties drops',
    file: 'queues/inbox-admission.ts',
    find: "return (senderKeeps && this.#options.whenFull === 'refuse') || this.#options.expected.isExpected;",
    replace: 'return this.#options.expected.isExpected;',
  },
  {
    name: 'a message is confirmed before it is in the store',
    file: 'queues/inbox.ts',
    find: 'this.#writer.add({\n        batch:',
    replace: 'resolve(count);\n      this.#writer.add({\n        batch:',
  },
  {
    name: 'the number is not stored with the message',
    file: 'queues/append-unknown.ts',
    find: 'await store.append(stream, rest, from)',
    replace: 'await store.append(stream, rest)',
  },
  {
    name: 'what an earlier run has stored is not asked for',
    file: 'queues/inbox-writer.ts',
    find: 'for (const mark of await store.marks(stream)) this.#noteStored(markName(mark), mark.seq);',
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
    file: 'queues/outbox-loader.ts',
    find: 'old === undefined ? numberInHead(head) : (old.number ?? this.#options.numbers.nextUnnumbered());',
    replace: 'this.#options.numbers.next(count);',
  },
  {
    name: 'what was sent on a lost connection is not sent again',
    file: 'queues/outbox-entry.ts',
    find: 'this.sent = 0;',
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
    replace: 'stream.pending.push(pending); this.#settle(stream, what, "taken");',
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
      for (const { outbox } of this.#queues.values()) {
        outbox.rewind();
        const first = outbox.next();
        if (first !== undefined) Object.assign(first.number, { epoch: [...first.number.epoch].reverse().join('') });
      }
      return false;
    }`,
  },
  {
    name: 'what goes to who is taken for Python has a number of this connection only',
    file: 'peers/sender.ts',
    find: 'return transportIdOf(outbox.send(entry, count));',
    replace: `const number = outbox.send(entry, count);
    return this.#link?.speaksStreams ? transportIdOf(number) : String(number.seq);`,
  },
  {
    name: 'who speaks as aioc does and was taken for Python is left alone',
    file: 'peers/probe.ts',
    find: '!isAioc && frame.header.message_type === AIOC_TYPE',
    replace: 'frame.header.message_type === undefined',
  },
  {
    name: 'an acknowledgement inside a batch removes all of it',
    file: 'queues/outbox.ts',
    find: 'const received = Math.min(everSent ? entry.count : entry.sent, seq - entry.number.seq + 1);',
    replace: 'const received = seq < entry.number.seq ? 0 : everSent ? entry.count : entry.sent;',
  },
  {
    name: 'the number of the next batch is one too low',
    file: 'queues/outbox-numbers.ts',
    find: 'this.#lastSeq += count;',
    replace: 'this.#lastSeq += count > 1 ? count - 1 : 1;',
  },
  {
    name: 'the receiver counts one message too many in each batch of several',
    file: 'peers/receiver.ts',
    find: 'const last = number.seq + count - 1;',
    replace: 'const last = number.seq + (count > 1 ? count : 0);',
  },
  {
    name: 'a resume point inside a batch sends the whole batch under the number of the rest',
    file: 'peers/sender.ts',
    find: 'const { count, records } = firstPart(messagesFrom(recordsIn(entry), from), link.batchMaxBytes);',
    replace: 'const { count, records } = firstPart(recordsIn(entry), link.batchMaxBytes);',
  },
  {
    name: 'of a batch that is known in part all is delivered',
    file: 'peers/traffic.ts',
    find: 'this.#deliver(peer, messagesFrom(batch, known), { source, senderKeeps: true }),',
    replace: 'this.#deliver(peer, batch, { source, senderKeeps: known >= 0 }),',
  },
  {
    name: 'an acknowledgement of a listener inside a batch takes all of it',
    file: 'queues/inbox.ts',
    find: 'return Math.min(count, Math.max(0, this.#notBefore(after) - position + 1));',
    replace: 'return this.#notBefore(after) >= position ? count : 0;',
  },
  {
    name: 'a message that is sent by itself from inside a batch has the number of the first',
    file: 'queues/outbox.ts',
    find: 'const number = { epoch: entry.number.epoch, seq: entry.number.seq + from };',
    replace: 'const number = { epoch: entry.number.epoch, seq: entry.number.seq + (count > 1 ? from : 0) };',
  },
  {
    name: 'a purge takes what is on its way, too',
    file: 'queues/outbox-window.ts',
    find: 'if (first === undefined || first.sent === 0) return first;',
    replace: 'if (first !== undefined) return this.#entries.find(({ gone }) => !gone);',
  },
];
