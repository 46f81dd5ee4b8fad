import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MessageLog } from '../../../engine/connector/message-log.ts';
import type { Body, LogRow, Outcome } from '../../../engine/contract/views.ts';
import { RecordBatchBuilder } from '../../../engine/protocol/record-batch.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';

interface Traffic {
  readonly kind: 'message' | 'file';
  readonly direction: 'in' | 'out';
  readonly peer: number;
  readonly type: number;
  /** The lengths of its messages' data. */
  readonly sizes: readonly number[];
  /** A message with an index divisible by it answers, has a binary, has a header of its own. */
  readonly answers: number;
  readonly binaries: number;
  readonly headers: number;
}
interface Settled {
  /** How far back the first row is. */
  readonly back: number;
  readonly count: number;
  readonly outcome: Outcome;
  readonly why: string | undefined;
}
type Step = { readonly traffic: Traffic } | { readonly settle: Settled } | { readonly event: string };

/** A row and its body, as they must be shown. */
interface ModelRow {
  row: LogRow;
  readonly text: string;
  readonly body: Body | undefined;
  /** The bytes that were logged up to the end of it. */
  readonly bytes: number;
}

/** The log as it would be with memory without end. */
class Model {
  readonly rows: ModelRow[] = [];
  #bytes = 0;

  message(
    about: Omit<LogRow, 'id' | 'outcome' | 'text' | 'hasBody'>,
    shown: { text: string; body: Omit<Body, 'id'> },
  ): void {
    const id = this.rows.length + 1;
    const outcome = about.direction === 'in' ? 'arrived' : 'queued';
    const row: LogRow = { ...about, id, outcome, text: shown.text, hasBody: true };
    this.#bytes +=
      LIMITS.logBodyBytes < shown.body.text.length ? LIMITS.logBodyBytes : shown.body.text.length + 400;
    this.rows.push({ row, text: shown.text, body: { id, ...shown.body }, bytes: this.#bytes });
  }

  event(text: string, atMs: number): void {
    const row = { id: this.rows.length + 1, atMs, kind: 'event', peerName: '', type: '' } as const;
    const shown = { ...row, outcome: 'info', text, hasBody: false } as const;
    this.rows.push({ row: shown, text, body: undefined, bytes: this.#bytes });
  }

  settle({ outcome, why }: Settled, ids: { from: number; count: number }): void {
    for (let id = Math.max(1, ids.from); id < ids.from + ids.count && id <= this.rows.length; id += 1) {
      const model = this.rows[id - 1] as ModelRow;
      const { reason: _before, ...row } = model.row;
      const text = why === undefined ? model.text : `${model.text} (${why})`;
      model.row = { ...row, outcome, text, ...(why !== undefined && { reason: why }) };
    }
  }

  /** Whether the body of a row is among the newest half of what the log keeps. */
  isRecent({ bytes }: ModelRow): boolean {
    return this.#bytes - bytes < LIMITS.logBodiesBytes / 2;
  }
}

class Run {
  readonly #clock = new FakeClock(0);
  readonly #log = new MessageLog({ clock: this.#clock, onChange: () => undefined });
  readonly #model = new Model();

  step(step: Step): void {
    if ('traffic' in step) this.#traffic(step.traffic);
    else if ('event' in step) {
      this.#model.event(step.event, this.#clock.wallNow());
      this.#log.event(step.event);
    } else {
      const { back, count, outcome, why } = step.settle;
      const from = this.#model.rows.length - back;
      this.#model.settle(step.settle, { from, count });
      this.#log.settle(from, outcome, { count, why });
    }
  }

  /** Compares rows of the log, `every` apart, with those of the model. */
  check(every: number): void {
    const { rows } = this.#model;
    const forgotten = Math.max(0, rows.length - LIMITS.logRows);
    assert.equal(this.#log.forgotten, forgotten);
    assert.equal(this.#log.length, rows.length - forgotten);
    for (let index = 0; index < this.#log.length; index += every) {
      const model = rows[forgotten + index] as ModelRow;
      assert.deepEqual(this.#log.at(index), model.row);
      const body = this.#log.body(model.row.id);
      if (body !== undefined || this.#model.isRecent(model)) assert.deepEqual(body, model.body);
    }
    assert.equal(this.#log.at(this.#log.length), undefined);
    assert.equal(this.#log.body(forgotten), undefined);
  }

  #traffic({ kind, direction, peer, type, sizes, answers, binaries, headers }: Traffic): void {
    const builder = new RecordBatchBuilder();
    const shared = { message_type: `type${type}`, source_id: `peer${peer}` };
    const first = this.#model.rows.length + 1;
    let hasResponse = false;
    sizes.slice(0, kind === 'file' ? 1 : undefined).forEach((size, index) => {
      const isAnswer = kind === 'message' && index % answers === 0;
      const binaryBytes = index % binaries === 0 ? 5 : 0;
      hasResponse ||= isAnswer;
      const own = [
        ...(isAnswer ? ['response_id: 17'] : []),
        ...(index % headers === 0 ? [`own: ${index}`] : []),
        ...(kind === 'file' ? ['with_file: {"dst_name": "a file"}'] : []),
      ];
      const header = `{${own.map((line) => line.replace(/^(\w+)/, '"$1"')).join(', ')}}`;
      const text = dataOf(first + index, size);
      builder.add({
        headerBytes: Buffer.from(header),
        data: Buffer.from(text),
        binary: Buffer.alloc(binaryBytes),
      });
      const shownText = text.slice(0, LIMITS.logPreviewBytes);
      this.#model.message(
        {
          ...{ atMs: this.#clock.wallNow(), kind, direction, peerName: `peer${peer}`, type: `type${type}` },
          sizeBytes: kind === 'file' ? size * 1_000_000 : size + binaryBytes,
        },
        {
          text: kind === 'file' ? 'a file' : isAnswer ? `answer: ${shownText}` : shownText,
          body: {
            headerLines: [
              ...[`message_type: "type${type}"`, `source_id: "peer${peer}"`],
              ...(binaryBytes > 0 ? ['with_binary: true'] : []),
              ...own,
            ],
            text: text.slice(0, LIMITS.logBodyBytes),
            base64: Buffer.from(text.slice(0, LIMITS.logBodyBytes)).toString('base64'),
            binaryBytes,
            omittedBytes: Math.max(0, size - LIMITS.logBodyBytes),
          },
        },
      );
    });
    const fileBytes = kind === 'file' ? (sizes[0] ?? 0) * 1_000_000 : undefined;
    const entry = {
      kind,
      direction,
      peerName: `peer${peer}`,
      shared,
      hasResponse,
      fileBytes,
      ...builder.takeWhole(),
    };
    assert.equal(this.#log.traffic({ ...entry, outcome: direction === 'in' ? 'arrived' : 'queued' }), first);
  }
}

/** Tells the message, and each part of it, from all others. */
function dataOf(id: number, size: number): string {
  return `${id}-${'0123456789 '.repeat(Math.ceil(size / 11))}`.slice(0, size);
}

const size = fc.oneof(
  { weight: 5, arbitrary: fc.nat(150) },
  { weight: 2, arbitrary: fc.integer({ min: 390, max: 3_000 }) },
  { weight: 1, arbitrary: fc.nat(70_000) },
);
/** The messages of a batch are of about the same size. */
const sizes = fc.oneof(
  { weight: 3, arbitrary: fc.array(size, { minLength: 1, maxLength: 1 }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat(1_500), fc.integer({ min: 1, max: LIMITS.logRows / 4 }))
      .map(([each, count]) =>
        Array.from(
          { length: Math.min(count, 1 + Math.floor(64_000 / (each + 1))) },
          (_, at) => each + (at % 3),
        ),
      ),
  },
  { weight: 1, arbitrary: fc.array(size, { minLength: 1, maxLength: 5 }) },
);
const traffic = fc.record({
  ...{
    kind: fc.constantFrom('message', 'message', 'message', 'file'),
    direction: fc.constantFrom('in', 'out'),
  },
  ...{ peer: fc.nat(2), type: fc.nat(2), sizes },
  ...{
    answers: fc.constantFrom(2, 3, 1e9),
    binaries: fc.constantFrom(2, 5, 1e9),
    headers: fc.constantFrom(1, 3, 1e9),
  },
}) as fc.Arbitrary<Traffic>;
const settle = fc.record({
  ...{
    back: fc.oneof(fc.nat(50), fc.nat(12_000)),
    count: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.nat(5_000)),
  },
  ...{ outcome: fc.constantFrom<Outcome>('sent', 'dropped', 'failed', 'taken') },
  why: fc.constantFrom(undefined, undefined, 'one reason', 'another'),
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ traffic }) },
  { weight: 3, arbitrary: fc.record({ settle }) },
  { weight: 1, arbitrary: fc.record({ event: fc.constantFrom('a peer came', 'a peer went') }) },
);

/** So many messages of about the same size at first that rows, bodies or both are dropped for newer ones. */
const before = fc.record({
  rows: fc.integer({ min: 1, max: LIMITS.logRows + 2_000 }),
  each: fc.oneof(fc.nat(100), fc.integer({ min: 380, max: 1_000 })),
  inBatch: fc.constantFrom(1, 7, 64),
});

test('whatever is logged and settled, each row that is kept shows what it would show without a bound', () => {
  fc.assert(
    fc.property(
      before,
      traffic,
      fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
      ({ rows, each, inBatch }, like, steps) => {
        const run = new Run();
        for (let row = 0; row < rows; row += inBatch) {
          const sizes = Array.from({ length: inBatch }, (_, index) => each + (index % 3));
          run.step({ traffic: { ...like, kind: 'message', sizes } });
        }
        run.check(31);
        steps.forEach((one, index) => {
          run.step(one);
          if (index % 16 === 0) run.check(97);
        });
        run.check(7);
      },
    ),
    { numRuns: 5, endOnFailure: true },
  );
});
