import { join } from 'node:path';
import { type Disk, type DiskFile, readWhole } from '../../base/disk.ts';
import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  codecOf,
  decodeSegmentHeader,
  KIND,
  RECORD_HEADER_BYTES,
  SEGMENT_START,
  type SegmentHeader,
} from './format.ts';
import { type HeldRule, rulesByStream } from './held.ts';
import { segmentNumberOf } from './journal-paths.ts';
import { Segment } from './model.ts';
import { reconstructHeader } from './reconstruct-header.ts';
import type { SegmentFacts } from './record-writer.ts';
import {
  type Damage,
  type FoundRecord,
  heldRule,
  type SegmentDisposition,
  SegmentScan,
  segmentList,
} from './recovery-scan-segment.ts';
import { StreamScan } from './recovery-scan-streams.ts';
import { scan } from './scan.ts';
import { JournalState } from './state.ts';

/** The contents of a journal's directory. */
export interface RecoveryScan {
  /** Undefined: there is no journal yet. */
  readonly state: JournalState | undefined;
  readonly damages: readonly Damage[];
  /** Batches that count but are possibly not synced. */
  readonly unsynced: readonly FoundRecord[];
  /** Segment files that no longer count, according to a newer one. */
  readonly obsolete: readonly string[];
  /** Files with the name of a segment that are not segments. */
  readonly unknownFiles: readonly UnknownFile[];
  readonly streams: StreamScan;
  /** Valid messages, including acknowledged ones. */
  readonly records: number;
}

interface UnknownFile {
  readonly path: string;
  readonly number: number;
  readonly sizeBytes: number;
  /** `torn`: it may be a segment whose creation a crash interrupted, or may have had confirmed records. */
  readonly kind: 'damaged' | 'torn';
}

/** Size of the first segment of a new journal: two headers and two empty lists. */
const FIRST_SEGMENT_BYTES = SEGMENT_START + 2 * RECORD_HEADER_BYTES;

interface SegmentCandidate {
  readonly header: SegmentHeader;
  readonly path: string;
  readonly sizeBytes: number;
  /** One of its two headers is damaged. */
  readonly isDamaged: boolean;
}

interface Opened {
  readonly candidates: readonly SegmentCandidate[];
  readonly unknownFiles: readonly Omit<UnknownFile, 'kind'>[];
  readonly lastSegment: number;
}

/**
 * Reads a journal and changes nothing.
 *
 * @throws AiocError AIOC_JOURNAL if a newer version wrote it; the system's errors
 */
export async function scanJournal(disk: Disk, directory: string): Promise<RecoveryScan> {
  const opened = await openSegments(disk, directory, await disk.list(directory));
  const manifest = await newestManifest(disk, opened.candidates);
  const held = manifest?.held ?? [];
  const scanned = await readThrough(disk, { opened, manifest, held });
  // Records behind a gap in a sender's numbers wait for the missing ones: they count for a stream of their own.
  const more = scanned.streams.heldBack(opened.lastSegment + 1);
  return more.length === 0 ? scanned : readThrough(disk, { opened, manifest, held: [...held, ...more] });
}

interface Reading {
  readonly opened: Opened;
  readonly manifest: Manifest | undefined;
  readonly held: readonly HeldRule[];
}

async function readThrough(disk: Disk, { opened, manifest, held }: Reading): Promise<RecoveryScan> {
  const newest = opened.candidates.at(-1);
  const state = new JournalState(newest?.header.id ?? Buffer.alloc(0));
  state.lastSegment = opened.lastSegment;
  state.rules = rulesByStream(held);
  const streams = new StreamScan(state);
  const found = { damages: [] as Damage[], unsynced: [] as FoundRecord[], records: 0 };
  const obsolete: string[] = [];
  const unknownFiles: UnknownFile[] = [];
  for (const one of opened.unknownFiles) {
    if (isObsolete(one, manifest)) obsolete.push(one.path);
    else unknownFiles.push({ ...one, kind: kindOf(one, manifest) });
  }
  const inOrder = [...opened.candidates, ...unknownFiles].sort((a, b) => numberOf(a) - numberOf(b));
  for (const one of inOrder) {
    if (!('header' in one)) {
      streams.damage({ ...UNKNOWN_LOSS, from: 0, to: one.sizeBytes, stream: undefined });
      continue;
    }
    const { header, path, sizeBytes } = one;
    const segment = new Segment(header, path, SEGMENT_START);
    const durableTo = durableEnd(segment, sizeBytes, manifest);
    if (durableTo === 'obsolete') {
      obsolete.push(path);
      continue;
    }
    state.segments.push(segment);
    const headers = one.isDamaged ? headerDamage(segment) : undefined;
    if (headers !== undefined) found.damages.push(headers);
    await scanSegment(disk, { segment, sizeBytes, durableTo }, dispositionInto(found, streams));
    if (headers !== undefined) judgeHeaders(headers);
  }
  streams.finish();
  for (const damage of found.damages) excludeAcknowledged(damage, streams, state);
  return { state: newest === undefined ? undefined : state, ...found, obsolete, unknownFiles, streams };
}

function headerDamage(segment: Segment): Damage {
  const nothing = { lost: 0, isExact: true, lastPosition: undefined };
  return { segment, from: 0, to: SEGMENT_START, kind: 'torn', stream: undefined, ...nothing };
}

/**
 * The headers were synced if anything in their segment was. A readable list of segments does not show that: after a
 * crash while the segment was created, the list may be on the disk, and a header not.
 */
function judgeHeaders(headers: Damage): void {
  const { segment } = headers;
  if (segment.synced <= SEGMENT_START) return;
  headers.kind = 'damaged';
  segment.isDamaged = true;
}

const UNKNOWN_LOSS = { lost: 1, isExact: false, lastPosition: undefined } as const;

function numberOf(one: SegmentCandidate | UnknownFile): number {
  return 'header' in one ? one.header.number : one.number;
}

function dispositionInto(
  found: { readonly damages: Damage[]; readonly unsynced: FoundRecord[]; records: number },
  streams: StreamScan,
): SegmentDisposition {
  return {
    durable: (record) => {
      found.records += record.count;
      const counting = streams.add(record);
      if (counting !== undefined) streams.index(counting);
    },
    unsynced: (record) => {
      found.records += record.count;
      const counting = streams.add(record);
      if (counting !== undefined) found.unsynced.push(counting);
    },
    damage: (damage) => {
      found.damages.push(damage);
      damage.segment.isDamaged ||= damage.kind === 'damaged';
      streams.damage(damage);
    },
  };
}

/** Acknowledged messages are not lost. */
function excludeAcknowledged(damage: Damage, streams: StreamScan, state: JournalState): void {
  const { lastPosition, stream } = damage;
  if (lastPosition === undefined) return;
  const owner = stream === undefined ? undefined : streams.stream(stream);
  // A single batch, which may be acknowledged in part.
  if (owner !== undefined) damage.lost = Math.max(0, Math.min(damage.lost, lastPosition - owner.acked));
  const owners = owner === undefined ? [...state.streams.values()] : [owner];
  if (owners.length > 0 && owners.every(({ acked }) => acked >= lastPosition)) damage.lost = 0;
}

async function scanSegment(
  disk: Disk,
  {
    segment,
    sizeBytes,
    durableTo,
  }: {
    readonly segment: Segment;
    readonly sizeBytes: number;
    /** SEGMENT_START: only its own records can tell. */
    readonly durableTo: number;
  },
  disposition: SegmentDisposition,
): Promise<void> {
  const scanned = new SegmentScan(segment, durableTo, disposition);
  const to = durableTo > SEGMENT_START ? durableTo : sizeBytes;
  const { codec } = segment;
  const chunkBytes = 4 * LIMITS.journalReadBytes;
  await withFile(disk, segment.path, (file) =>
    scan({ file, codec, from: SEGMENT_START, to, chunkBytes }, scanned),
  );
  scanned.finish(to);
  // Nothing is left after the part that was certainly synced: it is copied to the next segment.
  segment.end = Math.min(to, Math.max(scanned.durableTo, SEGMENT_START));
  segment.synced = segment.end;
}

async function openSegments(disk: Disk, directory: string, names: readonly string[]): Promise<Opened> {
  const found: SegmentCandidate[] = [];
  const unknownFiles: Omit<UnknownFile, 'kind'>[] = [];
  let lastSegment = 0;
  for (const name of names) {
    const number = segmentNumberOf(name);
    if (number === undefined) continue;
    lastSegment = Math.max(lastSegment, number);
    const path = join(directory, name);
    const file = await disk.open(path, 'read');
    try {
      const sizeBytes = await file.size();
      const bytes = Buffer.alloc(SEGMENT_START);
      const header = headerIn(bytes.subarray(0, await readWhole(file, bytes, 0)), path);
      if (header?.number !== number) unknownFiles.push({ path, number, sizeBytes });
      else {
        const { isDamaged, ...rest } = header;
        found.push({ header: rest, path, sizeBytes, isDamaged });
      }
    } finally {
      await file.close();
    }
  }
  const id = found.at(-1)?.header.id;
  const candidates = found.filter(({ header }) => id !== undefined && header.id.equals(id));
  for (const { header, path, sizeBytes } of found.filter((one) => !candidates.includes(one)))
    unknownFiles.push({ path, number: header.number, sizeBytes });
  return { lastSegment, ...(await withReconstructedHeaders(disk, { candidates, unknownFiles, id })) };
}

/** A file whose headers are damaged is still a segment if its records are valid. */
async function withReconstructedHeaders(
  disk: Disk,
  { candidates, unknownFiles, id }: Omit<Opened, 'lastSegment'> & { readonly id: Buffer | undefined },
): Promise<Omit<Opened, 'lastSegment'>> {
  const segments = [...candidates];
  const rest: Omit<UnknownFile, 'kind'>[] = [];
  for (const one of unknownFiles) {
    const header = id === undefined ? undefined : await reconstructHeader(disk, { ...one, id });
    if (header === undefined) rest.push(one);
    else segments.push({ header, path: one.path, sizeBytes: one.sizeBytes, isDamaged: true });
  }
  segments.sort((a, b) => a.header.number - b.header.number);
  return { candidates: segments, unknownFiles: rest };
}

function headerIn(bytes: Buffer, path: string): ReturnType<typeof decodeSegmentHeader> {
  try {
    return decodeSegmentHeader(bytes);
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    throw new AiocError(error.code, `${path}: ${error.message}`);
  }
}

/** A newer segment does not list it. */
function isObsolete({ number }: Pick<UnknownFile, 'number'>, manifest: Manifest | undefined): boolean {
  return manifest !== undefined && number < manifest.segment && !manifest.list.has(number);
}

function kindOf(
  { number, sizeBytes }: Pick<UnknownFile, 'number' | 'sizeBytes'>,
  manifest: Manifest | undefined,
): UnknownFile['kind'] {
  if (manifest === undefined) return sizeBytes <= FIRST_SEGMENT_BYTES ? 'torn' : 'damaged';
  return number > manifest.segment ? 'torn' : 'damaged';
}

interface Manifest {
  readonly segment: number;
  readonly list: ReadonlyMap<number, SegmentFacts>;
  readonly held: readonly HeldRule[];
}

/** The offset up to which a segment was certainly synced; SEGMENT_START if only its own records can tell. */
function durableEnd(
  { number, header }: Segment,
  sizeBytes: number,
  manifest: Manifest | undefined,
): number | 'obsolete' {
  if (header.isWhole) {
    const listed = manifest?.list.get(number);
    if (listed?.generation === header.generation) return Math.max(sizeBytes, listed.end);
    const counts = manifest === undefined || listed !== undefined || number > manifest.segment;
    return counts ? sizeBytes : 'obsolete';
  }
  if (manifest === undefined || number >= manifest.segment) return SEGMENT_START;
  const listed = manifest.list.get(number);
  return listed === undefined ? 'obsolete' : Math.max(listed.end, SEGMENT_START);
}

/**
 * The list of segments in the newest complete segment. It is valid if nothing before it is damaged, or if a later
 * record shows that it was synced. Only then does that segment have everything that the list leaves out.
 */
async function newestManifest(
  disk: Disk,
  candidates: readonly SegmentCandidate[],
): Promise<Manifest | undefined> {
  for (const { header, path, sizeBytes } of [...candidates].reverse()) {
    if (header.isWhole) continue;
    const held = new Map<number, HeldRule>();
    let list: SegmentFacts[] | undefined;
    let end = 0;
    let isBelieved = false;
    let isDamaged = false;
    await withFile(disk, path, (file) =>
      scan(
        {
          file,
          codec: codecOf(header),
          from: SEGMENT_START,
          to: sizeBytes,
          chunkBytes: LIMITS.journalReadBytes,
        },
        {
          record: (view, bytes, bodyAt) => {
            if (view.kind === KIND.held) {
              const rule = heldRule(view, bytes, bodyAt);
              held.set(rule.heldStream, rule);
            }
            if (view.kind === KIND.segments && list === undefined) {
              list = segmentList(bytes, bodyAt, view.bodyBytes);
              end = view.offset;
              isBelieved = !isDamaged;
            }
            if (list !== undefined && view.syncedTo > end) isBelieved = true;
            return !isBelieved;
          },
          damage: () => {
            isDamaged = true;
          },
        },
      ),
    );
    if (list === undefined || !isBelieved) continue;
    const byNumber = new Map(list.map((entry) => [entry.number, entry]));
    return { segment: header.number, list: byNumber, held: [...held.values()] };
  }
  return undefined;
}

async function withFile(disk: Disk, path: string, action: (file: DiskFile) => Promise<void>): Promise<void> {
  const file = await disk.open(path, 'read');
  try {
    await action(file);
  } finally {
    await file.close();
  }
}
