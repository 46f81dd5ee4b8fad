import type { FileSink } from './frame-pump.ts';

/** A file that is read to its end, since it is part of the stream, and that nobody gets. */
export const DISCARDED_FILE: FileSink = {
  write: () => Promise.resolve(),
  end: () => Promise.resolve(),
  deliver: () => 'dropped',
  abort: () => undefined,
};
