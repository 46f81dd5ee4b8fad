import { createHash } from 'node:crypto';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { TransferProgress } from '../contract/transfer-progress.ts';
import type { TransferRow, TransferSort } from '../contract/views.ts';
import type { CleanOptions, PartialFile } from '../files/transfer-targets.ts';
import type { CleanChoice } from '../local/connector-commands.ts';
import type { OutgoingFileState } from '../peers/file-transfers.ts';
import type { Peer } from '../peers/peer.ts';
import type { IncomingFileState } from '../peers/received-files.ts';
import type { JsonObject } from '../protocol/header.ts';
import type { ListSource } from './list-window.ts';

/** Where partial files are: TransferTargets. */
interface PartialFiles {
  list(): Promise<readonly PartialFile[]>;
  clean(options: CleanOptions): Promise<readonly PartialFile[]>;
}

interface TransferListOptions {
  readonly clock: Pick<Clock, 'now' | 'wallNow'>;
  readonly peers: () => Iterable<Peer>;
  /** See ReceivedFiles. */
  readonly received: () => {
    readonly all: readonly IncomingFileState[];
    cancel(peer: Peer, id: string, reason: string): void;
  };
  /** Absent: nothing is received into directories. */
  readonly partials: () => PartialFiles | undefined;
  /** The rows may have changed. */
  readonly onChange: () => void;
}

/** The files that are on their way in both directions, and the partial ones that wait for their peers. */
export class TransferList {
  readonly #options: TransferListOptions;
  /** As last read from the disk. */
  #partials: readonly PartialFile[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: TransferListOptions) {
    this.#options = options;
  }

  /** Running ones first. What is on the disk only is at most a second or two old while rows are asked for. */
  rows(): readonly TransferRow[] {
    const { clock } = this.#options;
    if (clock.now() - this.#readAtMs >= LIMITS.partialsReadMs) this.#readAgain();
    return [...this.#outgoing(), ...this.#incoming()];
  }

  /** Reads the disk again, and returns the rows. @throws AiocError if it cannot be read */
  async current(): Promise<readonly TransferRow[]> {
    await this.#read();
    return this.rows();
  }

  /**
   * Stops a transfer, and tells the other side why. The message of an outgoing file goes without it; what an incoming one
   * has left here is deleted.
   *
   * @returns the row as it was
   * @throws AiocError AIOC_FILE_MISSING
   */
  async cancel(id: string): Promise<TransferRow> {
    const row = (await this.current()).find((one) => one.id === id);
    if (row === undefined) throw unknown(id);
    const isDone = row.direction === 'out' ? this.#cancelOutgoing(id) : await this.#cancelIncoming(id);
    if (!isDone) throw unknown(id);
    return row;
  }

  /**
   * Deletes partial files. Their peers send them again from the start, if they still have them.
   *
   * @returns the rows of those that were deleted
   * @throws AiocError AIOC_FILE_MISSING if there is none with that id; AIOC_COMMAND if it is being received
   */
  async clean(choice: CleanChoice): Promise<readonly TransferRow[]> {
    await this.#read();
    const partials = this.#options.partials();
    if (partials === undefined) return [];
    const deleted = await partials.clean(this.#cleanOptions(choice));
    await this.#read();
    return deleted.map((partial) => this.#rowOfPartial(partial));
  }

  #cleanOptions(choice: CleanChoice): CleanOptions {
    if ('idleMs' in choice) return choice;
    const { id } = choice;
    const wanted = this.#partials.filter((partial) => idOf(partial.id) === id);
    if (wanted.length === 0) throw unknown(id);
    if (wanted.some(({ isOpen }) => isOpen))
      throw new AiocError(
        'AIOC_COMMAND',
        `${id} is open, since its peer sends it or has just done so: use --cancel ${id}`,
      );
    return { keys: wanted.map(({ key }) => key) };
  }

  #cancelOutgoing(id: string): boolean {
    for (const { sender } of this.#options.peers())
      for (const file of sender.files.all)
        if (idOf(file.id) === id) return sender.files.cancel(file.id, CANCELLED_AT.sender);
    return false;
  }

  async #cancelIncoming(id: string): Promise<boolean> {
    const { received, partials } = this.#options;
    const receiving = received().all.find(({ offer }) => idOf(offer.id) === id);
    if (receiving !== undefined) {
      received().cancel(receiving.peer, receiving.offer.id, CANCELLED_AT.receiver);
      return true;
    }
    const partial = this.#partials.find((one) => idOf(one.id) === id);
    if (partial === undefined) return false;
    // It is told when it comes.
    const peer = [...this.#options.peers()].find(({ wireName }) => wireName === partial.peer);
    if (peer === undefined) await partials()?.clean({ keys: [partial.key] });
    else received().cancel(peer, partial.id, CANCELLED_AT.receiver);
    return true;
  }

  #outgoing(): TransferRow[] {
    const rows: TransferRow[] = [];
    for (const peer of this.#options.peers())
      for (const file of peer.sender.files.all) rows.push(outgoingRow(peer.name, file));
    return rows;
  }

  #incoming(): TransferRow[] {
    const { received, partials } = this.#options;
    // Of what waits, the disk knows more.
    const isShown = ({ progress }: IncomingFileState): boolean =>
      progress.phase !== 'waiting' || partials() === undefined;
    const rows = received().all.filter(isShown).map(incomingRow);
    const known = new Set(rows.map(({ id }) => id));
    const others = this.#partials.filter(({ id }) => !known.has(idOf(id)));
    return [...rows, ...others.map((partial) => this.#rowOfPartial(partial))];
  }

  #rowOfPartial({ id, peer, name, doneBytes, totalBytes, idleMs }: PartialFile): TransferRow {
    const known = [...this.#options.peers()].find(({ wireName }) => wireName === peer);
    return {
      ...{ id: idOf(id), direction: 'in', peerName: known?.name ?? peer, name, phase: 'waiting', doneBytes },
      ...(totalBytes !== undefined && { totalBytes }),
      ...{ resumedBytes: 0, bytesPerSecond: 0 },
      idleSinceMs: this.#options.clock.wallNow() - idleMs,
    };
  }

  #readAgain(): void {
    this.#read().catch(() => undefined);
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    const { partials, clock, onChange } = this.#options;
    this.#readAtMs = clock.now();
    const found = (await partials()?.list()) ?? [];
    const isSame = found.length === this.#partials.length;
    this.#partials = found;
    if (!isSame) onChange();
  }
}

/** The parts of a connector that its list of transfers needs. */
interface ListedConnector {
  readonly registry: { readonly all: Iterable<Peer> };
  readonly traffic: { readonly files: ReturnType<TransferListOptions['received']> };
  readonly broker: { readonly partialFiles: PartialFiles } | undefined;
}

export function transferListOf(
  connector: ListedConnector,
  ports: Pick<TransferListOptions, 'clock' | 'onChange'>,
): TransferList {
  return new TransferList({
    ...ports,
    peers: () => connector.registry.all,
    received: () => connector.traffic.files,
    partials: () => connector.broker?.partialFiles,
  });
}

/** How many files are on their way, and how many partial ones wait for their peers. */
export function transferCounts(rows: readonly TransferRow[]): {
  readonly filesRunning: number;
  readonly filesWaiting: number;
} {
  const filesRunning = rows.filter(({ phase }) => phase !== 'waiting').length;
  return { filesRunning, filesWaiting: rows.length - filesRunning };
}

export function transferListSource(rows: readonly TransferRow[]): ListSource<TransferRow, TransferSort> {
  return {
    rows,
    filtered: {
      textOf: ({ id, peerName, name, direction, phase }) => `${id} ${peerName} ${name} ${direction} ${phase}`,
      fields: {
        peer: ({ peerName }) => peerName,
        name: ({ name }) => name,
        dir: ({ direction }) => direction,
        state: ({ phase }) => phase,
      },
    },
    compare: {
      name: (a, b) => a.name.localeCompare(b.name),
      peer: (a, b) => a.peerName.localeCompare(b.peerName),
      rate: (a, b) => a.bytesPerSecond - b.bytesPerSecond,
      size: (a, b) => (a.totalBytes ?? a.doneBytes) - (b.totalBytes ?? b.doneBytes),
    },
    tieBreak: ({ peerName, name, id }) => `${peerName} ${name} ${id}`,
  };
}

/** Read at both ends. */
const CANCELLED_AT = {
  sender: 'It was cancelled at the sender.',
  receiver: 'It was cancelled at the receiver.',
} as const;

function outgoingRow(peerName: string, { id, header, progress }: OutgoingFileState): TransferRow {
  return { id: idOf(id), direction: 'out', peerName, name: nameIn(header), ...shown(progress) };
}

function incomingRow({ peer, offer, progress }: IncomingFileState): TransferRow {
  const { id, header } = offer;
  return {
    id: idOf(id),
    direction: 'in',
    peerName: peer.name,
    name: nameIn(header),
    ...shown(progress),
  };
}

function shown(
  progress: TransferProgress = NOT_BEGUN,
): Pick<TransferRow, 'phase' | 'doneBytes' | 'totalBytes' | 'resumedBytes' | 'bytesPerSecond'> {
  const { phase, doneBytes, totalBytes, resumedBytes, bytesPerSecond } = progress;
  const isRunning = phase === 'running' || phase === 'comparing';
  return {
    phase,
    doneBytes,
    ...(totalBytes !== undefined && { totalBytes }),
    resumedBytes,
    bytesPerSecond: isRunning ? bytesPerSecond : 0,
  };
}

const NOT_BEGUN: TransferProgress = {
  phase: 'waiting',
  doneBytes: 0,
  totalBytes: undefined,
  resumedBytes: 0,
  bytesPerSecond: 0,
};

function nameIn(header: JsonObject): string {
  const { dst_name: name } = header['with_file'] as JsonObject;
  return typeof name === 'string' ? name : '';
}

/** What users type: short, and the same at both ends. */
function idOf(transferId: string): string {
  return createHash('sha256').update(transferId).digest('hex').slice(0, ID_CHARACTERS);
}

const ID_CHARACTERS = 8;

function unknown(id: string): AiocError {
  return new AiocError(
    'AIOC_FILE_MISSING',
    `there is no transfer ${id} (any longer); aioc files lists those that there are`,
  );
}
