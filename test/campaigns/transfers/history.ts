import assert from 'node:assert/strict';
import { LIMITS } from '../../../engine/base/limits.ts';
import type { TransferSource } from '../../../engine/queues/outgoing-body.ts';
import { MemoryFile, memorySource } from '../../helpers/memory-files.ts';
import { SMALL_BOUNDS, TransferPair, transferId } from '../../helpers/transfer-pair.ts';
import { Dice } from './dice.ts';
import { checkMessage, type Message } from './message.ts';

export type FaultCounts = Record<string, number>;

/** Nothing here waits for more than promises and the ends of turns. */
const TURNS = 1;
const FILE_BYTES_MAX = 12_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const BOUNDS = { ...SMALL_BOUNDS, maxBytes: 4_096 };
const HEADER = { message_type: 'any', with_file: { dst_type: 'any', dst_name: 'file' } };

/** A sender and a receiver of files, and whatever can go wrong with them and between them. */
class TransferHistory {
  readonly faults: FaultCounts = {};
  readonly #dice: Dice;
  readonly #pair: TransferPair;
  readonly #messages: Message[] = [];
  /** Of the running sender. */
  #openSources = new Set<TransferSource>();
  /** In the running receiver. */
  #placing = new Map<number, Promise<void>>();
  /** Cancelled by a sender that was gone before it knew that nothing is left. */
  readonly #forgottenStops = new Set<string>();
  readonly #confirmedStops = new Set<string>();
  #cuts = 0;
  /** What may have to be sent again, because a receiver has lost it. */
  #lostBytes = 0;
  #pauseMaxMs = 0;
  #hangsUntilMs = 0;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#pair = new TransferPair({
      bounds: BOUNDS,
      turns: TURNS,
      latencyMs: this.#dice.pick([0, 1, 5, 40]),
      bytesPerMs: this.#dice.pick([20, 200, 1_000]),
    });
    this.#pair.onChange = () => this.#sendMessages();
    this.#pair.onMessage = (at, text) => (at === 'receiver' ? this.#onMessage(text) : this.#onAck(text));
    this.#pair.onEachFrame = (at, { kind, id }) => {
      if (at === 'sender' && kind === 'stopped') this.#confirmedStops.add(id);
    };
    this.#pair.disk.pause = () => this.#pause();
  }

  async run(): Promise<void> {
    this.#connect();
    for (let count = 1 + this.#dice.below(4); count > 0; count -= 1) this.#enqueue();
    for (let steps = 3 + this.#dice.below(12); steps > 0; steps -= 1) {
      await this.#pair.clock.pass(this.#dice.pick([0, 1, 3, 10, 30, 100]));
      await this.#step();
    }
    await this.#calm();
    await this.#check();
  }

  async #step(): Promise<void> {
    const { disk, clock } = this.#pair;
    const steps: readonly (readonly [string, number, () => void | Promise<void>])[] = [
      ['new message', 4, () => this.#enqueue()],
      ['cut', 6, () => this.#cut()],
      ['connection', 6, () => this.#connect()],
      ['restart of the sender', 2, () => this.#restartSender()],
      ['stop of the sender', 1, () => this.#stopSender()],
      ['kill of the receiver', 2, () => this.#restartReceiver()],
      ['stop of the receiver', 1, () => this.#stopReceiver()],
      ['partial file truncated', 1, () => this.#hurtPartial('truncate')],
      ['partial file damaged', 1, () => this.#hurtPartial('damage')],
      ['source changed', 1, () => this.#changeSource()],
      ['cancelled by the sender', 1, () => this.#cancelAtSender()],
      ['cancelled by the receiver', 1, () => this.#cancelAtReceiver()],
      ['disk full', 1, () => this.#failDisk(() => disk.fail({ writesLeft: this.#dice.below(20) }))],
      ['offers refused', 1, () => this.#failDisk(() => disk.fail({ refuses: true }))],
      ['name taken', 1, () => this.#failDisk(() => disk.fail({ failsToPlace: true }))],
      ['disk as it should be', 3, () => this.#mendDisk()],
      ['slow disks', 2, () => this.#slowDown(this.#dice.pick([0, 2, 30]), 0)],
      ['hanging disks', 1, () => this.#slowDown(0, 5_000)],
      ['a while', 1, () => clock.pass(1_500)],
      ['long absence', 1, () => this.#longAbsence()],
    ];
    let at = this.#dice.below(steps.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [name, weight, act] of steps) {
      at -= weight;
      if (at >= 0) continue;
      this.faults[name] = (this.faults[name] ?? 0) + 1;
      await act();
      return;
    }
  }

  #enqueue(): void {
    const seq = this.#messages.length + 1;
    const bytes = this.#content();
    const file = new MemoryFile(bytes);
    const kind = this.#dice.pick(['file', 'file', 'tree'] as const);
    const open = memorySource(file, {
      kind,
      chunkBytes: this.#dice.pick([300, 1_024]),
      pause: () => this.#pause(),
    });
    const id = transferId(seq);
    const mayFail = this.#isDiskBad;
    this.#messages.push({
      seq,
      id,
      file,
      bytes,
      open,
      sentOn: undefined,
      state: 'queued',
      mayFail,
      outcome: undefined,
    });
    this.#start(this.#messages.at(-1) as Message);
  }

  #content(): Buffer {
    const bytes = this.#dice.bytes(this.#dice.pick([0, 1, 256, 1_024, this.#dice.below(FILE_BYTES_MAX)]));
    if (this.#dice.below(3) === 0)
      bytes.fill(0, this.#dice.below(bytes.length), this.#dice.below(bytes.length));
    return bytes;
  }

  #start(message: Message): void {
    const sources = this.#openSources;
    this.#pair.outgoing.start({
      id: message.id,
      header: HEADER,
      onProgress: () => undefined,
      open: async () => {
        const source = await message.open();
        sources.add(source);
        const close = async (): Promise<void> => {
          assert.ok(sources.delete(source), 'a source was closed twice');
        };
        return { ...source, close };
      },
    });
  }

  /** As a connector does: the message goes when its file is at the peer, or will never be. */
  #sendMessages(): void {
    const { link, outgoing } = this.#pair;
    for (const message of this.#messages) {
      const state = outgoing.get(message.id)?.state.kind;
      if (message.state !== 'queued' || message.sentOn === link || link === undefined) continue;
      if (state !== 'ready' && state !== 'failed') continue;
      message.sentOn = link;
      link.send('sender', `${message.seq} ${state}`);
    }
  }

  async #onMessage(text: string): Promise<void> {
    const seq = Number.parseInt(text, 10);
    const { link } = this.#pair;
    const dealing = this.#placing.get(seq) ?? this.#deliver(seq, text.endsWith('ready'));
    this.#placing.set(seq, dealing);
    void dealing.then(() => {
      if (this.#pair.link === link) link?.send('receiver', `${seq}`);
    });
  }

  async #deliver(seq: number, hasFile: boolean): Promise<void> {
    const { disk, incoming } = this.#pair;
    const { life } = disk;
    const message = this.#message(seq);
    if (message.outcome !== undefined) return;
    const outcome = hasFile
      ? await incoming.place(message.id).then(
          () => 'placed' as const,
          (error: Error) => ({ error: error.message }),
        )
      : { error: 'the sender says so' };
    await this.#store();
    if (life !== disk.life) return new Promise(() => undefined);
    await incoming.settled(message.id);
    if (life !== disk.life) return new Promise(() => undefined);
    message.outcome = outcome;
  }

  /** The message gets to the disk. */
  #store(): Promise<void> {
    const { clock } = this.#pair;
    return new Promise((resolve) => clock.after(this.#dice.pick([0, 0, 5, 60]), resolve));
  }

  #onAck(text: string): void {
    const message = this.#message(Number(text));
    if (message.state !== 'queued') return;
    message.state = 'acknowledged';
    this.#pair.outgoing.forget(message.id);
  }

  #message(seq: number): Message {
    const message = this.#messages[seq - 1];
    assert.ok(message !== undefined, `there is no message ${seq}`);
    return message;
  }

  #cut(): void {
    if (this.#pair.link !== undefined) this.#cuts += 1;
    this.#pair.cut();
  }

  /** First the receiver says what it has. */
  #connect(): void {
    this.#cut();
    for (const { outcome, state, seq } of this.#messages)
      if (outcome !== undefined && state === 'queued') this.#onAck(`${seq}`);
    this.#pair.connect();
    this.#sendMessages();
  }

  #restartSender(): void {
    this.#cut();
    this.#openSources = new Set();
    this.#pair.outgoing = this.#pair.newOutgoing();
    for (const message of this.#messages) {
      if (message.state === 'queued') this.#start(message);
      else if (message.state === 'cancelled' && !this.#confirmedStops.has(message.id))
        this.#forgottenStops.add(message.id);
    }
  }

  async #stopSender(): Promise<void> {
    this.#cut();
    await this.#within(this.#pair.outgoing.close(), 'the sender does not close');
    assert.equal(this.#openSources.size, 0, 'a source is open after the end of the sender');
    this.#restartSender();
  }

  #restartReceiver(): void {
    this.#cut();
    this.#placing = new Map();
    for (const { state, mayFail, bytes } of this.#messages)
      if (state === 'queued' && mayFail) this.#lostBytes += bytes.length;
    this.#pair.restartReceiver();
  }

  async #stopReceiver(): Promise<void> {
    this.#cut();
    await this.#within(Promise.all(this.#placing.values()), 'what was delivered is not settled');
    await this.#within(this.#pair.incoming.close(), 'the receiver does not close');
    assert.equal(this.#pair.disk.open.size, 0, 'a target is open after the end of the receiver');
    this.#restartReceiver();
  }

  async #within(work: Promise<unknown>, fault: string): Promise<void> {
    let isDone = false;
    void work.then(() => {
      isDone = true;
    });
    await this.#pair.clock.until(() => isDone).catch(() => assert.fail(fault));
  }

  #hurtPartial(how: 'truncate' | 'damage'): void {
    this.#restartReceiver();
    const { partials } = this.#pair.disk;
    for (const [id, bytes] of partials) {
      this.#lostBytes += bytes.length;
      const at = this.#dice.below(bytes.length);
      const hurt = Buffer.from(how === 'truncate' ? bytes.subarray(0, at) : bytes);
      if (how === 'damage' && at < hurt.length) hurt[at] = (hurt[at] ?? 0) ^ (1 + this.#dice.below(255));
      partials.set(id, hurt);
    }
  }

  #changeSource(): void {
    const message = this.#dice.pick(this.#queued);
    if (message === undefined) return;
    message.mayFail = true;
    const { file, bytes } = message;
    const how = this.#dice.below(4);
    if (how === 0) file.isGone = true;
    else if (how === 1) file.change(Buffer.concat([bytes, this.#dice.bytes(500)]));
    else if (how === 2) file.change(bytes.subarray(0, this.#dice.below(bytes.length)));
    else file.change(this.#dice.bytes(bytes.length));
  }

  #cancelAtSender(): void {
    const message = this.#dice.pick(this.#queued);
    if (message === undefined || message.sentOn === this.#pair.link) return;
    message.state = 'cancelled';
    this.#pair.outgoing.cancel(message.id, 'the sender does not want it');
    this.#pair.outgoing.forget(message.id);
  }

  #cancelAtReceiver(): void {
    const message = this.#dice.pick(this.#queued);
    if (message === undefined) return;
    message.mayFail = true;
    this.#lostBytes += message.bytes.length;
    this.#pair.incoming.cancel(message.id, 'the receiver does not want it');
  }

  get #queued(): readonly Message[] {
    return this.#messages.filter(({ state, outcome }) => state === 'queued' && outcome === undefined);
  }

  #failDisk(fail: () => void): void {
    fail();
    for (const message of this.#queued) message.mayFail = true;
  }

  get #isDiskBad(): boolean {
    const { refuses, failsToPlace, writesLeft } = this.#pair.disk;
    return refuses || failsToPlace || writesLeft < Number.POSITIVE_INFINITY;
  }

  #mendDisk(): void {
    const { disk } = this.#pair;
    disk.fail({ refuses: false, failsToPlace: false, writesLeft: Number.POSITIVE_INFINITY });
    this.#hangsUntilMs = 0;
  }

  #slowDown(pauseMaxMs: number, hangsMs: number): void {
    this.#pauseMaxMs = pauseMaxMs;
    this.#hangsUntilMs = this.#pair.clock.now() + hangsMs;
  }

  async #longAbsence(): Promise<void> {
    this.#cut();
    if (this.#dice.below(2) === 0) this.#slowDown(0, LIMITS.transferKeptMs + 1_000);
    await this.#pair.clock.pass(this.#dice.pick([LIMITS.transferKeptMs + 100, DAY_MS]));
    this.#connect();
  }

  #pause(): Promise<void> {
    const { clock } = this.#pair;
    const hangsMs = Math.max(0, this.#hangsUntilMs - clock.now());
    const delayMs = hangsMs + (this.#dice.below(8) === 0 ? this.#dice.below(this.#pauseMaxMs) : 0);
    if (delayMs === 0) return Promise.resolve();
    return new Promise((resolve) => clock.after(delayMs, resolve));
  }

  /** No more faults: everything comes to its end. */
  async #calm(): Promise<void> {
    this.#mendDisk();
    this.#pauseMaxMs = 0;
    if (this.#pair.link === undefined || this.#dice.below(2) === 0) this.#connect();
    await this.#pair.clock
      .until(() => this.#messages.every(({ state }) => state !== 'queued'), 300_000)
      .catch(() => {
        assert.deepEqual(this.#pair.violations, []);
        assert.fail(`a deadlock: ${this.#queued.map(({ seq }) => this.#described(seq))}`);
      });
    // A target whose sender has forgotten it is closed by then.
    await this.#pair.clock.pass(LIMITS.transferKeptMs + 200);
  }

  #described(seq: number): string {
    const { id, bytes } = this.#message(seq);
    return `${seq} (${bytes.length} bytes, ${this.#pair.outgoing.get(id)?.state.kind})`;
  }

  async #check(): Promise<void> {
    const { violations, disk, budget, outgoing, incoming } = this.#pair;
    assert.deepEqual(violations, []);
    for (const message of this.#messages) checkMessage(message, disk.placed.get(message.id));
    assert.deepEqual(
      [outgoing.running, budget.heldBytes, this.#openSources.size],
      [0, 0, 0],
      'something is left in memory',
    );
    assert.deepEqual([...disk.open], [], 'a target is open');
    // What a forgotten stop leaves, its age removes.
    const left = [...disk.partials.keys()].filter((id) => !this.#forgottenStops.has(id));
    assert.deepEqual(left, [], 'a partial file is left');
    this.#checkSentBytes();
    await this.#within(Promise.all([outgoing.close(), incoming.close()]), 'it does not close');
    assert.deepEqual(disk.misuses, []);
  }

  #checkSentBytes(): void {
    const { maxBytes, running, pieceBytes } = BOUNDS;
    const windowBytes = maxBytes + running * pieceBytes;
    const sizes = this.#messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const most = sizes + this.#cuts * (windowBytes + 4 * pieceBytes) + this.#lostBytes;
    assert.ok(
      this.#pair.sentBytes <= most,
      `${this.#pair.sentBytes} bytes were sent, of ${sizes}; at most ${most}`,
    );
  }
}

/** @throws Error if a promise was broken; the same seed gives the same history */
export async function runTransferSeed(seed: number): Promise<FaultCounts> {
  const history = new TransferHistory(seed);
  await history.run();
  return history.faults;
}
