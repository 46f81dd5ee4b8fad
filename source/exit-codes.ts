/** What the program's exit code says. Part of the command's interface: scripts rely on it. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  /** As sysexits.h: EX_SOFTWARE. */
  defect: 70,
  /** As shells say it for SIGINT. */
  interrupted: 130,
} as const;

/** For the table in source/README.md. */
export const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'Success.',
  failed: 'The command failed.',
  usage: 'The command line is wrong, or the command cannot run here, for example without a terminal.',
  refused: 'The peer refused.',
  defect: 'A defect in aioc itself.',
  interrupted: 'Ctrl-C or SIGTERM ended the command early.',
};
