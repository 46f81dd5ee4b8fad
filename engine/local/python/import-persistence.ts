import { createHash } from 'node:crypto';
import { readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { TrafficLog } from '../../peers/traffic-log.ts';
import type { Frame } from '../../protocol/frame-decoder.ts';
import { isClientName } from '../../protocol/names.ts';
import { encodeRecord } from '../../queues/message-record.ts';
import { batchesOf } from '../../queues/stored-message.ts';
import { inboxStream, outboxPrefix } from '../../queues/stream-names.ts';
import type { Store } from '../../storage/store.ts';
import { listenerFrame } from '../listener-frame.ts';
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
  const batches = new Batches(store, epoch);
  let count = 0;
  let damagedBytes = 0;
  for await (const part of readPersistenceFile(path)) {
    const placed = part.kind === 'message' ? placeOf(part.frame, direction, options) : undefined;
    if (placed === undefined) {
      damagedBytes += part.kind === 'damage' ? part.sizeBytes : part.frame.data.length;
      continue;
    }
    await batches.add(placed.stream, placed.payload);
    count += 1;
  }
  await batches.flush();
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

/** The stream and the record of a message; undefined if they are unknown. */
function placeOf(
  frame: Frame,
  direction: 'out' | 'in',
  { serverWireName }: PersistenceImportOptions,
): { readonly stream: string; readonly payload: Buffer } | undefined {
  const { header, data, binary } = frame;
  const type = header.message_type;
  if (type === '') return undefined;
  if (direction === 'in') return { stream: inboxStream(type), payload: listenerFrame(frame, '') };
  const destination = header['destination_id'];
  const peer =
    serverWireName ??
    (typeof destination === 'string' && isClientName(destination) ? destination : undefined);
  if (peer === undefined) return undefined;
  const payload = encodeRecord({ header, data, ...(binary.length > 0 && { binary }) });
  return { stream: `${outboxPrefix(peer)}${type}`, payload };
}

/** Collects the messages of one file into large writes; each stream of the file is numbered from 1. */
class Batches {
  readonly #store: Store;
  readonly #epoch: string;
  readonly #streams = new Map<string, { payloads: Buffer[]; firstSeq: number }>();
  #gatheredBytes = 0;

  constructor(store: Store, epoch: string) {
    this.#store = store;
    this.#epoch = epoch;
  }

  async add(stream: string, payload: Buffer): Promise<void> {
    const gathered = this.#streams.get(stream) ?? { payloads: [], firstSeq: 1 };
    gathered.payloads.push(payload);
    this.#streams.set(stream, gathered);
    this.#gatheredBytes += payload.length;
    if (this.#gatheredBytes >= LIMITS.outboxLoadBytes) await this.flush();
  }

  async flush(): Promise<void> {
    for (const [stream, gathered] of this.#streams) {
      const { payloads, firstSeq } = gathered;
      if (payloads.length > 0) await this.#append(stream, payloads, firstSeq);
      this.#streams.set(stream, { payloads: [], firstSeq: firstSeq + payloads.length });
    }
    this.#gatheredBytes = 0;
  }

  async #append(stream: string, payloads: readonly Buffer[], firstSeq: number): Promise<void> {
    const source = { sender: '', epoch: this.#epoch, firstSeq };
    const { outcome, mark = 0 } = await this.#store.append(stream, batchesOf(payloads), source);
    // An earlier start has imported some of them.
    if (outcome === 'overlap') await this.#append(stream, payloads.slice(mark + 1 - firstSeq), mark + 1);
  }
}

const IMPORTED = '.imported';
