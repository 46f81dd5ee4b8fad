import { join } from 'node:path';
import { type Disk, type DiskFile, readWhole } from '../../base/disk.ts';
import { AiocError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { decodeSegmentHeader, KIND, RECORD_HEADER_BYTES, SEGMENT_START } from './format.ts';
import { Segment } from './model.ts';
import { segmentNumberOf } from './places.ts';
import type { SegmentFacts } from './record-writer.ts';
import { scan } from './scan.ts';
import { JournalState } from './state.ts';
import {
  type Damage,
  type FoundRecord,
  SegmentSurvey,
  type SegmentVerdict,
  segmentList,
} from './survey-segment.ts';
import { StreamSurvey } from './survey-streams.ts';

/** What lies in a journal's directory. */
export interface Survey {
  /** Undefined: there is no journal yet. */
  readonly state: JournalState | undefined;
  readonly damages: readonly Damage[];
  /** Records that count, and that the disk need not have for good yet. */
  readonly uncertain: readonly FoundRecord[];
  /** Files of segments that a newer one says do not count any more. */
  readonly voids: readonly string[];
  /** Files with the name of a segment that are none. */
  readonly strangers: readonly Stranger[];
  readonly streams: StreamSurvey;
  /** Records of streams that are whole, acknowledged ones included. */
  readonly records: number;
}

export interface Stranger {
  readonly path: string;
  readonly number: number;
  readonly sizeBytes: number;
  /** `torn`: the beginning of a segment that a crash has ended. */
  readonly kind: 'damaged' | 'torn';
}

/** The first segment of a journal when it has just been made: its two headers and two empty lists. */
const FIRST_SEGMENT_BYTES = SEGMENT_START + 2 * RECORD_HEADER_BYTES;

interface Candidate {
  readonly segment: Segment;
  readonly sizeBytes: number;
  /** One of its two headers is damaged. */
  readonly isDamaged: boolean;
}

/**
 * Reads a journal through and changes nothing.
 *
 * @throws AiocError AIOC_JOURNAL when a newer version has written it; the system's own errors
 */
export async function surveyJournal(disk: Disk, directory: string): Promise<Survey> {
  const names = await disk.list(directory);
  const damages: Damage[] = [];
  const { candidates, strangers, lastSegment } = await openSegments(disk, directory, names);
  const newest = candidates.at(-1);
  const state = new JournalState(newest?.segment.header.id ?? Buffer.alloc(0));
  state.lastSegment = lastSegment;
  const streams = new StreamSurvey(state);
  const uncertain: FoundRecord[] = [];
  const voids: string[] = [];
  let records = 0;
  const manifest = await newestManifest(disk, candidates);
  for (const { segment, sizeBytes, isDamaged } of candidates) {
    const certainTo = certainEnd(segment, sizeBytes, manifest);
    if (certainTo === 'void') {
      voids.push(segment.path);
      continue;
    }
    state.segments.push(segment);
    if (isDamaged) {
      const kind = kindOf({ number: segment.number, sizeBytes }, manifest);
      damages.push({ segment, from: 0, to: SEGMENT_START, kind, stream: undefined, position: undefined });
      segment.isDamaged = kind === 'damaged';
    }
    await surveySegment(
      disk,
      { segment, sizeBytes, certainTo },
      {
        certain: (record) => {
          if (record.kind === KIND.data) records += 1;
          if (streams.add(record)) streams.index(record);
        },
        uncertain: (record) => {
          if (record.kind === KIND.data) records += 1;
          if (streams.add(record)) uncertain.push(record);
        },
        damage: (damage) => {
          damages.push(damage);
          segment.isDamaged ||= damage.kind === 'damaged';
        },
      },
    );
  }
  streams.finish();
  return {
    state: newest === undefined ? undefined : state,
    damages,
    uncertain,
    voids: [...voids, ...strangers.filter((one) => isVoid(one, manifest)).map(({ path }) => path)],
    strangers: strangers
      .filter((one) => !isVoid(one, manifest))
      .map((one) => ({ ...one, kind: kindOf(one, manifest) })),
    streams,
    records,
  };
}

async function surveySegment(
  disk: Disk,
  {
    segment,
    sizeBytes,
    certainTo,
  }: Omit<Candidate, 'isDamaged'> & {
    /** SEGMENT_START: its own records have to tell. */
    readonly certainTo: number;
  },
  verdict: SegmentVerdict,
): Promise<void> {
  const survey = new SegmentSurvey(segment, certainTo, verdict);
  const to = certainTo > SEGMENT_START ? certainTo : sizeBytes;
  const { salt } = segment;
  const chunkBytes = 4 * LIMITS.journalReadBytes;
  await withFile(disk, segment, (file) => scan({ file, salt, from: SEGMENT_START, to, chunkBytes }, survey));
  const end = survey.finish(to);
  // Behind what the disk had for certain nothing is left in this segment: it is written into the next one.
  segment.end = Math.min(end, Math.max(survey.certainTo, SEGMENT_START));
  segment.synced = segment.end;
}

async function openSegments(
  disk: Disk,
  directory: string,
  names: readonly string[],
): Promise<{
  candidates: Candidate[];
  strangers: Omit<Stranger, 'kind'>[];
  lastSegment: number;
}> {
  const found: Candidate[] = [];
  const strangers: Omit<Stranger, 'kind'>[] = [];
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
      if (header?.number !== number) strangers.push({ path, number, sizeBytes });
      else {
        const { isDamaged, ...rest } = header;
        found.push({ segment: new Segment(rest, path, SEGMENT_START), sizeBytes, isDamaged });
      }
    } finally {
      await file.close();
    }
  }
  const id = found.at(-1)?.segment.header.id;
  const candidates = found.filter(({ segment }) => id !== undefined && segment.header.id.equals(id));
  for (const { segment, sizeBytes } of found.filter((one) => !candidates.includes(one)))
    strangers.push({ path: segment.path, number: segment.number, sizeBytes });
  return { candidates, strangers, lastSegment };
}

function headerIn(bytes: Buffer, path: string): ReturnType<typeof decodeSegmentHeader> {
  try {
    return decodeSegmentHeader(bytes);
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    throw new AiocError(error.code, `${path}: ${error.message}`);
  }
}

/** A newer segment leaves it out. */
function isVoid({ number }: Pick<Stranger, 'number'>, manifest: Manifest | undefined): boolean {
  return manifest !== undefined && number < manifest.segment && !manifest.list.has(number);
}

function kindOf(
  { number, sizeBytes }: Pick<Stranger, 'number' | 'sizeBytes'>,
  manifest: Manifest | undefined,
): Stranger['kind'] {
  if (manifest === undefined) return sizeBytes <= FIRST_SEGMENT_BYTES ? 'torn' : 'damaged';
  return number > manifest.segment ? 'torn' : 'damaged';
}

interface Manifest {
  readonly segment: number;
  readonly list: ReadonlyMap<number, SegmentFacts>;
}

/** Up to where the disk had a segment for certain; SEGMENT_START when only its own records can tell. */
function certainEnd(
  { number, header }: Segment,
  sizeBytes: number,
  manifest: Manifest | undefined,
): number | 'void' {
  if (header.isWhole)
    return manifest === undefined || manifest.list.has(number) || number > manifest.segment
      ? sizeBytes
      : 'void';
  if (manifest === undefined || number >= manifest.segment) return SEGMENT_START;
  const facts = manifest.list.get(number);
  return facts === undefined ? 'void' : Math.max(facts.end, SEGMENT_START);
}

/**
 * The list of segments in the newest segment that was finished. It is believed when nothing before it is damaged, or
 * when a later record shows that the disk had it: only then is all that it leaves out in that segment.
 */
async function newestManifest(disk: Disk, candidates: readonly Candidate[]): Promise<Manifest | undefined> {
  for (const { segment, sizeBytes } of [...candidates].reverse()) {
    if (segment.header.isWhole) continue;
    let list: SegmentFacts[] | undefined;
    let end = 0;
    let isBelieved = false;
    let isDamaged = false;
    await withFile(disk, segment, (file) =>
      scan(
        { file, salt: segment.salt, from: SEGMENT_START, to: sizeBytes, chunkBytes: LIMITS.journalReadBytes },
        {
          record: (view, bytes, bodyAt) => {
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
    if (list !== undefined && isBelieved)
      return { segment: segment.number, list: new Map(list.map((facts) => [facts.number, facts])) };
  }
  return undefined;
}

async function withFile(
  disk: Disk,
  { path }: Segment,
  action: (file: DiskFile) => Promise<void>,
): Promise<void> {
  const file = await disk.open(path, 'read');
  try {
    await action(file);
  } finally {
    await file.close();
  }
}
