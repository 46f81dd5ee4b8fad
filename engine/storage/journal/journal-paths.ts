import { join } from 'node:path';

const SEGMENT_NAME = /^(\d{10})\.segment$/;

/** The paths of a journal's files. */
export const journalPaths = {
  lock: (directory: string) => join(directory, 'lock'),
  /** A segment during compaction, before it gets its final name. */
  rewrite: (directory: string) => join(directory, 'rewrite.tmp'),
  quarantine: (directory: string) => join(directory, 'quarantine'),
  segment: (directory: string, number: number) =>
    join(directory, `${String(number).padStart(10, '0')}.segment`),
};

/** The number of a segment file; undefined for any other file. */
export function segmentNumberOf(name: string): number | undefined {
  const number = SEGMENT_NAME.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}
