/** Old key names of Python's program, which its version 1.6.3 still accepts. */

/** Old name to current names. */
const OLDER_NAMES: Readonly<Record<string, readonly string[]>> = {
  max_size_file_upload: ['max_size_file_upload_send', 'max_size_file_upload_recv'],
};

/** The same entries under current names. If both are given, the old name takes precedence, as in Python. */
export function withNewNames(entries: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const renamed = [...entries].filter(([name]) => !isOlderName(name));
  const older = [...entries].filter(([name]) => isOlderName(name));
  return new Map([
    ...renamed,
    ...older.flatMap(([name, value]) => (OLDER_NAMES[name] ?? []).map((now) => [now, value] as const)),
  ]);
}

export function isOlderName(name: string): boolean {
  return Object.hasOwn(OLDER_NAMES, name);
}
