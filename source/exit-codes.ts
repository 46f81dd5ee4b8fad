/** What the program's exit code says. Part of the command's interface: scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** It was tried and did not work out. */
  failed: 1,
  /** The command line, or the place it was run from, cannot work. */
  usage: 2,
  /** The other side said no. */
  refused: 3,
  /** Ended by Ctrl-C or SIGTERM before its end (as shells say it for SIGINT). */
  interrupted: 130,
  /** A defect in aioc itself (sysexits.h: EX_SOFTWARE). */
  defect: 70,
} as const;
