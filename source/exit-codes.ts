/** The program's exit codes. Scripts rely on them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  /** Of a directory that was sent, some entries were left out. */
  incomplete: 4,
  /** sysexits.h: EX_SOFTWARE. */
  defect: 70,
  /** 128 + SIGINT, as shells say it; also after SIGTERM. */
  interrupted: 130,
} as const;

/** What each code means, for the help and the pages. */
export const EXIT_MEANINGS: Readonly<Record<(typeof EXIT)[keyof typeof EXIT], string>> = {
  0: 'success',
  1: 'failure',
  2: 'usage error, or no terminal for the full screen',
  3: 'refused by the peer',
  4: 'a part of a directory was left out (only aioc send)',
  70: 'a defect in aioc',
  130: 'interrupted by Ctrl-C or SIGTERM (only aioc send)',
};
