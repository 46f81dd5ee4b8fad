/** Keys by the names that earlier versions of Python's program gave them; 1.6.3 takes these, too. */

/** What an older name stands for now. */
const OLDER_NAMES: Readonly<Record<string, readonly string[]>> = {
  max_size_file_upload: ['max_size_file_upload_send', 'max_size_file_upload_recv'],
};

/** The same under the names of now. Where both are given the older name wins, as it does in Python. */
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
