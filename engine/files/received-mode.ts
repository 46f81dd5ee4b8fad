/** Of files whose sender tells no mode. */
export const PLAIN_FILE = 0o644;
/** Of directories that are made above a received file: nobody else's, like all that a connector makes. */
export const MADE_DIRECTORY = 0o700;

/** The mode of a received file: without setuid, setgid, sticky, and the right of group and others to write. */
export function receivedMode(mode: number): number {
  return mode & 0o755;
}

/**
 * A time of a file as every file system can have it, in seconds. A little later than the millisecond: the system cuts a
 * fraction that is not exact, and the time would be a millisecond earlier wherever it is read.
 */
export function receivedSeconds(mtimeMs: number): number {
  return Math.min(LATEST_SECONDS, Math.max(EARLIEST_SECONDS, (mtimeMs + INEXACT_MS) / 1000));
}

/** Of ext4, with 34 bits. */
const LATEST_SECONDS = 2 ** 33;
const EARLIEST_SECONDS = -(2 ** 31);
const INEXACT_MS = 0.0005;
