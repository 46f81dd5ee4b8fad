import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { DiskSpace } from '../../../engine/files/disk-space.ts';
import { FileDestinations } from '../../../engine/files/file-destinations.ts';
import { type FileQuota, PeerQuotas } from '../../../engine/files/peer-quotas.ts';
import type { PieceOutcome } from '../../../engine/files/piece-sink.ts';
import { ReceivedPieces } from '../../../engine/files/received-pieces.ts';
import { TransferRecords } from '../../../engine/files/transfer-records.ts';
import type { JsonObject } from '../../../engine/protocol/header.ts';
import { pieceIn, withFileOfPiece } from '../../../engine/protocol/python-pieces.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

interface Options {
  readonly sizeMaxBytes?: number;
  readonly override?: boolean;
  readonly quota?: Partial<FileQuota>;
}

/** A directory for received files, and one run of a connector after the other. */
class Receiver {
  readonly target: string;
  readonly clock = new FakeClock(Date.now());
  readonly told: string[] = [];
  readonly #records: string;
  readonly #options: Options;
  #run: ReceivedPieces;

  constructor(t: TestContext, options: Options = {}) {
    const top = tempDir(t);
    this.target = join(top, 'in');
    this.#records = join(top, 'records');
    mkdirSync(this.target);
    this.#options = options;
    this.#run = this.#newRun();
  }

  #newRun(): ReceivedPieces {
    const { sizeMaxBytes = 1e9, override: overrideExisting = false } = this.#options;
    const [random, space] = [realRandomness(), new DiskSpace()];
    const byType = new Map([['any', { targetDirectory: this.target, overrideExisting }]]);
    const quota = {
      filesAtOnce: 1e6,
      bytesAtOnce: 1e12,
      filesADay: 1e6,
      bytesADay: 1e12,
      ...this.#options.quota,
    };
    return new ReceivedPieces({
      quotas: new PeerQuotas({ quota, areStrangers: false, clock: this.clock }),
      destinations: new FileDestinations({ byType, sizeMaxBytes, random, space }),
      records: new TransferRecords({ directory: this.#records, random }),
      ...{ random, space, clock: this.clock },
      onEvent: (peer, text) => this.told.push(`${peer}: ${text}`),
    });
  }

  async restart(): Promise<void> {
    await this.#run.stop();
    this.#run = this.#newRun();
    await this.#run.start();
  }

  /** One piece, in two writes. */
  async take(
    text: string,
    [index, count]: readonly [number, number],
    { name = 'big', isCut = false, more = {} as JsonObject } = {},
  ): Promise<PieceOutcome> {
    const withFile = withFileOfPiece({ dst_type: 'any', ...more }, { name, index, count });
    const header = { message_type: 'event', with_file: withFile };
    const piece = pieceIn(header);
    assert.ok(piece);
    const bytes = Buffer.from(text);
    const sink = await this.#run.begin({ peerName: 'py', header, piece, sizeBytes: bytes.length });
    await sink.write(bytes.subarray(0, 2));
    if (isCut) {
      sink.abort();
      await waitFor(() => !this.hidden.some((file) => file.endsWith('-cut')), { what: 'the end' });
      return { kind: 'kept' };
    }
    await sink.write(bytes.subarray(2));
    await sink.end();
    return sink.outcome;
  }

  get names(): string[] {
    return readdirSync(this.target).sort();
  }

  get hidden(): string[] {
    return this.names.filter((name) => name.startsWith('.'));
  }

  read(name: string): string {
    return readFileSync(join(this.target, name), 'utf8');
  }

  get records(): string[] {
    return existsSync(this.#records) ? readdirSync(this.#records) : [];
  }

  /** Lets time pass while nothing arrives. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LIMITS.missingPieceMs) {
      this.clock.advance(LIMITS.missingPieceMs);
      // The look at what is missing reads the disk.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const letters = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index).repeat(5));

test('pieces are joined by their numbers, in whatever order they come, into one file and one message', async (t) => {
  const receiver = new Receiver(t);
  const texts = letters(12);
  const order = [7, 12, 1, 3, 2, 11, 10, 4, 9, 5, 8, 6];
  const outcomes: PieceOutcome[] = [];
  for (const index of order) outcomes.push(await receiver.take(texts[index - 1] ?? '', [index, 12]));
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    [...order.slice(1).map(() => 'kept'), 'whole'],
  );
  const last = outcomes.at(-1);
  assert.ok(last?.kind === 'whole');
  assert.deepEqual(last.header['with_file'], { dst_type: 'any', dst_name: 'big' });
  assert.equal(receiver.read('big'), texts.join(''));
  assert.deepEqual([receiver.names, receiver.records], [['big'], []]);
  assert.equal(statSync(join(receiver.target, 'big')).mode & 0o777, 0o644);
  assert.match(receiver.told.join(), /^py: "?big"? was joined from 12 pieces: 60 bytes, not verified/);
});

test('a piece that comes again is harmless; one with another content begins another file', async (t) => {
  const receiver = new Receiver(t);
  for (const _ of [1, 2]) assert.equal((await receiver.take('first', [1, 3])).kind, 'kept');
  assert.equal((await receiver.take('third', [3, 3])).kind, 'kept');
  assert.deepEqual(receiver.told, []);
  assert.equal((await receiver.take('other', [1, 3])).kind, 'kept');
  assert.match(receiver.told.join(), /another file named "?big"? has begun/);
  await receiver.take('second', [2, 3]);
  assert.equal((await receiver.take('third', [3, 3])).kind, 'whole');
  assert.equal(receiver.read('big'), 'othersecondthird');
  assert.deepEqual(receiver.names, ['big']);
});

test('pieces outlive a restart, and one that was cut off does not count', async (t) => {
  const receiver = new Receiver(t);
  await receiver.take('first', [1, 3]);
  await receiver.take('second', [2, 3], { isCut: true });
  await receiver.restart();
  assert.equal((await receiver.take('third', [3, 3])).kind, 'kept');
  await receiver.restart();
  assert.equal((await receiver.take('second', [2, 3])).kind, 'whole');
  assert.equal(receiver.read('big'), 'firstsecondthird');
  assert.deepEqual([receiver.names, receiver.records], [['big'], []]);
});

test('missing pieces are named after a time, and the others deleted after days, also after a restart', async (t) => {
  const receiver = new Receiver(t);
  for (const index of [1, 2, 5]) await receiver.take('x', [index, 5], { name: 'sub/big' });
  await receiver.pass(LIMITS.missingPieceMs);
  await waitFor(() => receiver.told.length === 1, { what: 'the missing pieces to be named' });
  assert.match(
    receiver.told[0] ?? '',
    /^py: "?big"? is not complete: pieces 3, 4 of 5 .* 10 minutes\. .*kept for 7 days/,
  );
  await receiver.restart();
  assert.ok(existsSync(join(receiver.target, 'sub')));
  receiver.clock.advance(LIMITS.stalePartialMs);
  await receiver.pass(LIMITS.missingPieceMs);
  await waitFor(() => receiver.told.some((text) => text.includes('deleted')), { what: 'the end' });
  assert.deepEqual([receiver.names, receiver.records], [[], []]);
});

test('of a file that cannot be stored, one message comes, with the reason, and nothing is left', async (t) => {
  const receiver = new Receiver(t, { sizeMaxBytes: 12 });
  const kinds: string[] = [];
  for (const index of [1, 2, 3, 4]) {
    const outcome = await receiver.take('12345', [index, 4]);
    kinds.push(outcome.kind);
    if (outcome.kind !== 'whole') continue;
    const withFile = outcome.header['with_file'] as JsonObject;
    assert.match(String(withFile['file_error']), /max_size_file_upload_recv/);
    assert.equal(withFile['dst_name'], 'big');
  }
  assert.deepEqual(kinds, ['kept', 'kept', 'whole', 'kept']);
  assert.deepEqual([receiver.names, receiver.records], [[], []]);
  writeFileSync(join(receiver.target, 'there'), 'mine');
  assert.equal((await receiver.take('1', [1, 2], { name: 'there' })).kind, 'whole');
  assert.equal((await receiver.take('2', [2, 2], { name: 'there' })).kind, 'kept');
  assert.equal(receiver.read('there'), 'mine');
});

test('a peer has few files at once of which pieces are missing', async (t) => {
  const receiver = new Receiver(t);
  const files = Array.from({ length: LIMITS.pieceSetsPerPeer + 1 }, (_, index) => `file-${index}`);
  const kinds: string[] = [];
  for (const name of files) kinds.push((await receiver.take('xyz', [1, 2], { name })).kind);
  assert.equal(kinds.filter((kind) => kind === 'kept').length, LIMITS.pieceSetsPerPeer);
  assert.equal(kinds.at(-1), 'whole');
  assert.match(receiver.told.at(-1) ?? '', /wait for missing pieces/);
});

const whyNot = ({ header }: PieceOutcome & { kind: 'whole' }): string =>
  String((header['with_file'] as JsonObject)['file_error']);

test('pieces that wait for others count in the quotas of their peer, also after a restart', async (t) => {
  const receiver = new Receiver(t, { quota: { bytesAtOnce: 12, filesAtOnce: 2 } });
  assert.equal((await receiver.take('12345', [1, 3], { name: 'one' })).kind, 'kept');
  assert.equal((await receiver.take('12345', [2, 3], { name: 'one' })).kind, 'kept');
  await receiver.restart();
  const over = await receiver.take('123', [1, 2], { name: 'two' });
  assert.match(over.kind === 'whole' ? whyNot(over) : '', /file_quota_bytes/);
  assert.equal((await receiver.take('12', [1, 2], { name: 'three' })).kind, 'kept');
  const third = await receiver.take('', [1, 2], { name: 'four' });
  assert.match(third.kind === 'whole' ? whyNot(third) : '', /file_quota_files/);
  assert.equal((await receiver.take('', [2, 2], { name: 'three' })).kind, 'whole');
  assert.equal(
    (await receiver.take('xy', [1, 2], { name: 'five' })).kind,
    'kept',
    'what is complete does not count',
  );
});

test('the bytes of pieces count in the quota of a day', async (t) => {
  const receiver = new Receiver(t, { quota: { bytesADay: 9, filesADay: 2 } });
  assert.equal((await receiver.take('12345', [1, 2], { name: 'one' })).kind, 'kept');
  const over = await receiver.take('12345', [2, 2], { name: 'one' });
  assert.match(over.kind === 'whole' ? whyNot(over) : '', /file_quota_bytes_a_day/);
  assert.deepEqual(receiver.names, [], 'the first piece is not kept for a file that cannot be complete');
  receiver.clock.advance(24 * 60 * 60 * 1000);
  assert.equal((await receiver.take('12345', [1, 2], { name: 'two' })).kind, 'kept');
});
