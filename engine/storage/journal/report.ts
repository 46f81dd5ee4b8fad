import type { RecoveryScan } from './recovery-scan.ts';

/** The result of a journal's start. */
export interface RecoveryReport {
  readonly segments: number;
  /** Valid messages, including acknowledged ones. */
  readonly records: number;
  /** Damaged places that were certainly synced. Their records are lost. */
  readonly damaged: readonly DamageReport[];
  /** Damaged places that may never have been synced: an unfinished write at a crash, or confirmed records. */
  readonly torn: readonly DamageReport[];
}

export interface DamageReport {
  readonly segment: number;
  readonly from: number;
  /** Equal to `from` if bytes are missing at the end of a file. */
  readonly to: number;
  /** The file in the directory `quarantine` with the bytes; undefined if they were zeros or missing. */
  readonly quarantined: string | undefined;
  /** The stream of a record there, if still readable. */
  readonly stream: string | undefined;
  /** Number of unacknowledged messages that were there. */
  readonly lost: number;
  /** False: at least this many. */
  readonly isExact: boolean;
}

/** How many messages all these places lost. */
export function totalLost(places: readonly DamageReport[]): Pick<DamageReport, 'lost' | 'isExact'> {
  return {
    lost: places.reduce((sum, { lost }) => sum + lost, 0),
    isExact: places.every(({ isExact }) => isExact),
  };
}

/** @param quarantined the file with the bytes of each damage or unknown file, if they were saved */
export function reportOf(
  { state, records, damages, unknownFiles, streams }: RecoveryScan,
  quarantined: ReadonlyMap<unknown, string | undefined> = new Map(),
): RecoveryReport {
  const reports: Record<'damaged' | 'torn', DamageReport[]> = { damaged: [], torn: [] };
  for (const damage of damages) {
    const { segment, from, to, kind, stream, lost, isExact } = damage;
    const name = stream === undefined ? undefined : streams.stream(stream)?.name;
    const place = { segment: segment.number, from, to, stream: name, lost, isExact };
    reports[kind].push({ ...place, quarantined: quarantined.get(damage) });
  }
  for (const unknownFile of unknownFiles) {
    const { number, sizeBytes, kind } = unknownFile;
    const place = { segment: number, from: 0, to: sizeBytes, stream: undefined };
    reports[kind].push({ ...place, quarantined: quarantined.get(unknownFile), lost: 1, isExact: false });
  }
  return { segments: state?.segments.length ?? 0, records, ...reports };
}
