const MIB = 1024 * 1024;

/** Bounds of zip files and what is in them. */
export const ARCHIVE_LIMITS = {
  /** Files and directories of an archive that is unpacked. */
  archiveEntries: 10_000,
  /** Those of a directory that is packed for a peer that takes no directories: each takes about 1 KiB of memory. */
  packedEntries: 100_000,
  archiveTotalBytes: 16 * 1024 * MIB,
  /** Unpacked size divided by packed size. An archive beyond it is a zip bomb. */
  archiveRatio: 100,
  /** Archives that unpack to less may exceed the ratio: long runs of zeros compress well. */
  archiveRatioFromBytes: 10 * MIB,
} as const;
