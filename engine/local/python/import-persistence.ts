import { createHash } from 'node:crypto';
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import { recordHeader, sharedOf } from '../../protocol/batched-messages.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import type { MessageNumber } from '../../protocol/message-number.ts';
import { isClientName } from '../../protocol/names.ts';
import { appendUnknown } from '../../queues/append-unknown.ts';
import { inboxHead } from '../../queues/inbox-batch.ts';
import { batchOfOne } from '../../queues/message-batch.ts';
import { outboxHead } from '../../queues/outbox-head.ts';
import { inboxStream, outboxStream } from '../../queues/stream-names.ts';
import type { Batch, Store } from '../../storage/store.ts';
import { type ConnectorOwner, ownerInFileNames } from '../socket-names.ts';
import { readPersistenceFile } from './persistence-file.ts';

export interface PersistenceImportOptions {
  /** connector_files_dirpath. */
  readonly directory: string;
  readonly owner: ConnectorOwner;
  /** A client's server, by its name on the wire: the destination of everything that a client sends. */
  readonly serverWireName: string | undefined;
  readonly store: Store;
  readonly log: TrafficLog;
}

/**
 * Imports the stored messages of a Python connector with the same name (PROTOCOL §6): appends them to aioc's store and
 * renames their files. After a crash, the next start recognises messages that were already imported.
 */
export async function importPythonPersistence(options: PersistenceImportOptions): Promise<void> {
  const { directory, owner } = options;
  const self = ownerInFileNames(owner);
  const outgoing = `connector_disk_persistence_send_from_${self}_to_peer_`;
  const incoming = `connector_disk_persistence_recv_by_${self}_`;
  const names = await readdir(directory).catch((error) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((name) => !name.endsWith(IMPORTED)).sort()) {
    if (name.startsWith(outgoing)) await importFile(name, 'out', options);
    else if (name.startsWith(incoming)) await importFile(name, 'in', options);
  }
}

async function importFile(
  name: string,
  direction: 'out' | 'in',
  options: PersistenceImportOptions,
): Promise<void> {
  const { directory, store, log } = options;
  const path = join(directory, name);
  const { size, mtimeMs } = await stat(path);
  const epoch = createHash('sha256').update(`${name} ${size} ${mtimeMs}`).digest('hex').slice(0, 32);
  const imported = new Imported(store, epoch);
  let count = 0;
  let damagedBytes = 0;
  for await (const part of readPersistenceFile(path)) {
    const message = part.kind === 'message' ? messageIn(part.frame, direction, options) : undefined;
    if (message === undefined) {
      damagedBytes += part.kind === 'damage' ? part.sizeBytes : part.frame.data.length;
      continue;
    }
    await imported.add(message);
    count += 1;
  }
  await imported.flush();
  await rename(path, `${path}${IMPORTED}`);
  log.event(
    `imported ${count} messages that Python had stored in ${name}; the file is kept as ${name}${IMPORTED}`,
  );
  if (damagedBytes > 0) {
    log.event(`${damagedBytes} bytes of ${name} are damaged and remain in ${name}${IMPORTED}`, {
      warning: true,
    });
  }
}

/** A message, and the stream that it belongs to. */
interface ImportedMessage {
  readonly stream: string;
  readonly direction: 'out' | 'in';
  readonly frame: Frame;
}

/** Where a message belongs; undefined if that is unknown. */
function messageIn(
  frame: Frame,
  direction: 'out' | 'in',
  { serverWireName }: PersistenceImportOptions,
): ImportedMessage | undefined {
  const type = frame.header.message_type;
  if (type === '') return undefined;
  if (direction === 'in') return { stream: inboxStream(type), direction, frame };
  const destination = frame.header['destination_id'];
  const peer =
    serverWireName ??
    (typeof destination === 'string' && isClientName(destination) ? destination : undefined);
  return peer === undefined ? undefined : { stream: outboxStream({ peer, type }), direction, frame };
}

/** Collects the messages of one file into large writes; each stream of the file is numbered from 1. */
class Imported {
  readonly #store: Store;
  readonly #epoch: string;
  readonly #streams = new Map<string, { batches: Batch[]; firstSeq: number }>();
  #gatheredBytes = 0;

  constructor(store: Store, epoch: string) {
    this.#store = store;
    this.#epoch = epoch;
  }

  async add({ stream, direction, frame }: ImportedMessage): Promise<void> {
    const gathered = this.#streams.get(stream) ?? { batches: [], firstSeq: 1 };
    this.#streams.set(stream, gathered);
    const { header, data, binary } = frame;
    const seq = gathered.firstSeq + gathered.batches.length;
    const head = direction === 'in' ? inboxHead(sharedOf(header)) : outboxHead(this.#numberOf(seq));
    const batch = batchOfOne({ headerBytes: recordHeader(header), data, binary });
    gathered.batches.push({ ...batch, head });
    this.#gatheredBytes += batch.records.length;
    if (this.#gatheredBytes >= LIMITS.outboxLoadBytes) await this.flush();
  }

  /** The same after a crash, so that the peer receives no message twice. */
  #numberOf(seq: number): MessageNumber {
    return { epoch: Buffer.from(this.#epoch, 'hex').toString('base64url'), seq };
  }

  async flush(): Promise<void> {
    for (const [stream, gathered] of this.#streams) {
      const { batches, firstSeq } = gathered;
      const source = { sender: '', epoch: this.#epoch, firstSeq };
      if (batches.length > 0) await appendUnknown({ store: this.#store, stream, batches, source });
      this.#streams.set(stream, { batches: [], firstSeq: firstSeq + batches.length });
    }
    this.#gatheredBytes = 0;
  }
}

const IMPORTED = '.imported';
