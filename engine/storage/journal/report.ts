import type { RecoveryScan } from './recovery-scan.ts';

/** What the start of a journal found. */
export interface RecoveryReport {
  readonly segments: number;
  readonly records: number;
  /** Places whose bytes are no record, though the disk had them for certain; each lost what it held. */
  readonly damaged: readonly DamageReport[];
  /** Of these nothing shows that the disk ever had them: a crash may have ended the write, or they were confirmed. */
  readonly torn: readonly DamageReport[];
}

export interface DamageReport {
  readonly segment: number;
  readonly from: number;
  /** As `from` where bytes are missing at the end of a file. */
  readonly to: number;
  /** The file in the directory `quarantine` that keeps the bytes; undefined where they were zeros, or gone. */
  readonly quarantined: string | undefined;
  /** Of which stream a record was there, where that can still be read. */
  readonly stream: string | undefined;
  /** Messages that were there and had not been acknowledged. */
  readonly lost: number;
  /** False: at least so many. */
  readonly isExact: boolean;
}

/** How many messages all these places have lost. */
export function lossOf(places: readonly DamageReport[]): Pick<DamageReport, 'lost' | 'isExact'> {
  return {
    lost: places.reduce((sum, { lost }) => sum + lost, 0),
    isExact: places.every(({ isExact }) => isExact),
  };
}

/** @param quarantined what became of the bytes of each damage, and of each stranger; nothing where nobody has moved them */
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
