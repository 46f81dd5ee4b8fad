import { AiocError } from '../../engine/base/errors.ts';
import type { TransferOffer, TransferTarget } from '../../engine/files/transfer-target.ts';
import type { TransferSource } from '../../engine/queues/outgoing-body.ts';

/** A file to be sent, in memory. It may change at any time. */
export class MemoryFile {
  bytes: Buffer;
  /** Increases with each change, as the modification time does. */
  version = 0;
  isGone = false;
  opened = 0;
  closed = 0;
  readBytes = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  change(bytes: Buffer): void {
    this.bytes = bytes;
    this.version += 1;
  }
}

export interface MemorySourceOptions {
  readonly kind?: 'file' | 'tree';
  readonly chunkBytes?: number;
  /** Passes before each chunk. */
  pause?(): Promise<void>;
}

/** Opens it as a connector does: it remembers what it was when its message was accepted. */
export function memorySource(
  file: MemoryFile,
  options: MemorySourceOptions = {},
): () => Promise<TransferSource> {
  const { kind = 'file', chunkBytes = 1024 * 1024, pause = () => Promise.resolve() } = options;
  const { version } = file;
  const check = (): void => {
    if (file.isGone) throw new AiocError('AIOC_FILE_MISSING', 'There is no /secret/file.');
    if (file.version !== version) throw new AiocError('AIOC_FILE_CHANGED', '/secret/file changed.');
  };
  async function* read(from: number): AsyncGenerator<Buffer> {
    for (let at = from; at < file.bytes.length; at += chunkBytes - (at % chunkBytes)) {
      await pause();
      if (file.isGone) throw new AiocError('AIOC_FILE_UNREADABLE', 'Cannot read /secret/file.');
      const chunk = file.bytes.subarray(at, at + chunkBytes - (at % chunkBytes));
      file.readBytes += chunk.length;
      yield Buffer.from(chunk);
    }
    await pause();
    check();
  }
  return async () => {
    await pause();
    check();
    file.opened += 1;
    return {
      kind,
      name: 'file',
      leftOut: { count: 0, first: [] },
      sizeBytes: kind === 'file' ? file.bytes.length : undefined,
      mode: 0o644,
      mtimeMs: 1_000,
      read,
      close: async () => {
        file.closed += 1;
      },
    };
  };
}

/** What is on the disk of a receiver, and survives it. */
export class MemoryDisk {
  readonly partials = new Map<string, Buffer>();
  readonly placed = new Map<string, Buffer>();
  readonly open = new Set<string>();
  /** What a caller of a target did that it may not do. */
  readonly misuses: string[] = [];
  /** Increases with each crash. */
  life = 0;
  /** How many writes succeed. */
  writesLeft = Number.POSITIVE_INFINITY;
  refuses = false;
  failsToPlace = false;
  pause: () => Promise<void> = () => Promise.resolve();

  readonly openTarget = async (offer: TransferOffer): Promise<TransferTarget> => {
    await this.#pauseIn(this.life);
    if (this.refuses) throw new AiocError('AIOC_FILE_NAME_BAD', 'The name is taken.');
    if (this.open.has(offer.id)) throw this.misused('it is open already');
    this.open.add(offer.id);
    return new MemoryTarget(this, offer);
  };

  readonly discard = async (id: string): Promise<void> => {
    await this.#pauseIn(this.life);
    if (this.open.has(id)) throw this.misused('discarded while it is open');
    this.partials.delete(id);
  };

  async #pauseIn(life: number): Promise<void> {
    await this.pause();
    if (life !== this.life) throw new AiocError('AIOC_CANCELLED', 'the program is gone');
  }

  /** From now on it does this. */
  fail(faults: Partial<Pick<MemoryDisk, 'writesLeft' | 'refuses' | 'failsToPlace'>>): void {
    Object.assign(this, faults);
  }

  /** The program is gone, with what it had open. */
  crash(): void {
    this.life += 1;
    this.open.clear();
  }

  misused(what: string): AiocError {
    this.misuses.push(what);
    return new AiocError('AIOC_INTERNAL', what);
  }
}

class MemoryTarget implements TransferTarget {
  readonly #disk: MemoryDisk;
  readonly #offer: TransferOffer;
  readonly #life: number;
  #bytes: Buffer;
  #length: number;
  #isOver = false;

  constructor(disk: MemoryDisk, offer: TransferOffer) {
    this.#disk = disk;
    this.#offer = offer;
    this.#life = disk.life;
    const there = disk.partials.get(offer.id) ?? Buffer.alloc(0);
    this.#bytes = there;
    this.#length = there.length;
    if (!this.isPlaced) this.#store();
  }

  get isPlaced(): boolean {
    return this.#disk.placed.has(this.#offer.id);
  }

  async *existing(): AsyncGenerator<Buffer> {
    for (let at = 0; at < this.#length; at += 1_000) {
      await this.#disk.pause();
      yield Buffer.from(this.#bytes.subarray(at, Math.min(this.#length, at + 1_000)));
    }
  }

  async truncate(atBytes: number): Promise<void> {
    await this.#check();
    if (atBytes > this.#length) throw this.#disk.misused('truncated to more than there is');
    this.#length = atBytes;
    this.#store();
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#check();
    this.#disk.writesLeft -= 1;
    if (this.#disk.writesLeft < 0) throw new AiocError('AIOC_FILE_WRITE', 'The disk is full.');
    this.#append(bytes);
  }

  async skip(zeroBytes: number): Promise<void> {
    await this.#check();
    this.#append(Buffer.alloc(zeroBytes));
  }

  async finish(): Promise<void> {
    await this.#check();
    const { sizeBytes } = this.#offer;
    if (sizeBytes !== undefined && sizeBytes !== this.#length)
      throw this.#disk.misused('finished before it was complete');
  }

  async place(): ReturnType<TransferTarget['place']> {
    await this.#check();
    if (this.#disk.failsToPlace) throw new AiocError('AIOC_FILE_NAME_BAD', 'The name is taken.');
    if (!this.isPlaced) this.#disk.placed.set(this.#offer.id, this.#content());
    this.#disk.partials.delete(this.#offer.id);
    return { name: 'file', path: '/placed/file' };
  }

  async settled(): Promise<void> {
    await this.#leave();
  }

  async discard(): Promise<void> {
    await this.#leave();
    if (!this.isPlaced) this.#disk.partials.delete(this.#offer.id);
  }

  async suspend(): Promise<void> {
    await this.#leave();
  }

  #content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #append(bytes: Buffer): void {
    if (this.isPlaced) throw this.#disk.misused('received again although it is placed');
    const needed = this.#length + bytes.length;
    if (this.#bytes.length < needed) {
      const grown = Buffer.alloc(2 * needed);
      this.#content().copy(grown);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.#length);
    this.#length = needed;
    this.#store();
  }

  #store(): void {
    this.#disk.partials.set(this.#offer.id, this.#content());
  }

  async #check(): Promise<void> {
    await this.#disk.pause();
    if (this.#life !== this.#disk.life) throw new AiocError('AIOC_CANCELLED', 'the program is gone');
    if (this.#isOver) throw this.#disk.misused('used after its end');
  }

  async #leave(): Promise<void> {
    await this.#disk.pause();
    if (this.#life !== this.#disk.life) throw new AiocError('AIOC_CANCELLED', 'the program is gone');
    if (this.#isOver) throw this.#disk.misused('left twice');
    this.#isOver = true;
    this.#disk.open.delete(this.#offer.id);
  }
}
