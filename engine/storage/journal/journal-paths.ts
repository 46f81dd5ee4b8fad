import { join } from 'node:path';

const SEGMENT_NAME = /^(\d{10})\.segment$/;

/** The names of a journal's files. */
export const journalPaths = {
  lock: (directory: string) => join(directory, 'lock'),
  /** A segment that is being written anew, until it comes under its name. */
  rewrite: (directory: string) => join(directory, 'rewrite.tmp'),
  quarantine: (directory: string) => join(directory, 'quarantine'),
  segment: (directory: string, number: number) =>
    join(directory, `${String(number).padStart(10, '0')}.segment`),
};

/** The number of the segment that a file of that name is; undefined when it is something else. */
export function segmentNumberOf(name: string): number | undefined {
  const number = SEGMENT_NAME.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}
