/** What the program `send-numbers` sends as a number of a run. */
export function numberedText(run: string, number: number): string {
  return `${run} ${number} ${'.'.repeat(number % 200)}`;
}

/** How many bytes the data of the first `count` numbers has: no queue of fewer bytes holds them all. */
export function numberedTextBytes(run: string, count: number): number {
  let bytes = 0;
  for (let number = 0; number < count; number += 1) bytes += numberedText(run, number).length;
  return bytes;
}
