import type { Mutant } from './mutant.ts';

/** Bugs of transfers; their files lie below engine/transfers. */
export const TRANSFER_MUTANTS: readonly Mutant[] = [
  {
    name: 'the sender continues where the receiver is, whatever it has',
    file: 'outgoing-transfer.ts',
    find: 'if (hash.digest !== next.digest) return agreed;',
    replace: '',
  },
  {
    name: 'the sender takes a position that it knows without comparing the digest',
    file: 'outgoing-transfer.ts',
    find: 'known?.digest === last.digest ? known : undefined',
    replace: 'known',
  },
  {
    name: 'what was ready stays ready on another connection',
    file: 'outgoing-transfer.ts',
    find: "if (this.#state.kind === 'failed' || this.#state.kind === 'waiting') return;",
    replace: "if (this.#state.kind !== 'running') return;",
  },
  {
    name: 'a source that has grown is sent to its end',
    file: 'outgoing-transfer.ts',
    find: "this.#checkSize(hash.bytes + chunk.length, 'atMost');",
    replace: '',
  },
  {
    name: 'a piece whose connection is lost holds up the next one',
    file: 'outgoing-transfer.ts',
    find: 'prepared?.taken();',
    replace: '',
  },
  {
    name: 'a stop that was lost with its connection is not sent again',
    file: 'outgoing-transfers.ts',
    find: 'for (const stop of this.#stopped.all) this.#send(stop);',
    replace: '',
  },
  {
    name: 'what is behind the position is not removed',
    file: 'incoming-transfer.ts',
    find: 'await target.truncate(bytes);',
    replace: '',
  },
  {
    name: 'what is in the partial file is believed to be what was there before',
    file: 'incoming-transfer.ts',
    find: 'this.#arrived = hash;\n    this.#writtenBytes = hash.bytes;\n    return target;',
    replace: 'this.#writtenBytes = hash.bytes;\n    return target;',
  },
  {
    name: 'zeros that were not sent are not written',
    file: 'incoming-transfer.ts',
    find: "typeof part === 'number' ? target.skip(part) : target.write(part)",
    replace: "typeof part === 'number' ? undefined : target.write(part)",
  },
  {
    name: 'pieces of an older connection are confirmed on the new one',
    file: 'incoming-transfer.ts',
    find: "if (session !== this.#session || (this.#step !== 'receiving' && this.#step !== 'ended')) return;",
    replace: '',
  },
  {
    name: 'what was placed before a restart is received again',
    file: 'incoming-transfer.ts',
    find: "if (this.#step === 'idle' && target.isPlaced) this.#step = 'ready';",
    replace: '',
  },
  {
    name: 'a target whose sender is long gone stays open',
    file: 'incoming-transfer.ts',
    find: 'if (!this.isPlacing) this.#sink.suspended(this);',
    replace: '',
  },
  {
    name: 'what a peer sends before it knows of a stop ends the connection',
    file: 'incoming-transfers.ts',
    find: 'if (this.#stopped.get(frame.id) !== undefined) return undefined;',
    replace: '',
  },
  {
    name: 'what an earlier run has received of a stopped transfer stays',
    file: 'incoming-transfers.ts',
    find: 'if (transfer === undefined) this.#leave(id, () => this.#options.discard(id));',
    replace: 'if (transfer === undefined) undefined;',
  },
  {
    name: 'the memory of a piece is not given back',
    file: 'incoming-transfers.ts',
    find: 'this.#lease.give(heldBytes);',
    replace: '',
  },
  {
    name: 'a target is opened while the older one is still being closed',
    file: 'incoming-transfers.ts',
    find: 'new IncomingTransfer(offer, this.#sink, this.#leaving.get(id))',
    replace: 'new IncomingTransfer(offer, this.#sink)',
  },
];
