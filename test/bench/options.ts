/** What can be said on the command line besides the names of cases, each as NAME=VALUE. */
const NUMBERS = {
  /** Each round measures every system once, in turn, so that a noisy machine is noisy for all of them. */
  rounds: 5,
  /** About so long is each measurement. */
  seconds: 3,
  /** At most so many are sent in one measurement. */
  messages: 2_000_000,
  /** The most clients that a case connects. */
  clients: 1_000,
  /** The most messages that a case stores. */
  backlog: 1_000_000,
  /** The size of a large file. */
  megabytes: 500,
  /** The most files in a directory. */
  entries: 100_000,
};

export type BenchOptions = Readonly<typeof NUMBERS> & {
  /** A git ref to measure as well. */
  readonly before: string | undefined;
  /** Only systems with this in their names. */
  readonly only: string;
  /** Where the figures are kept. */
  readonly results: string;
};

export interface CommandLine {
  readonly names: readonly string[];
  readonly options: BenchOptions;
}

/** @throws RangeError for a word that is no parameter */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const numbers = { ...NUMBERS };
  const names: string[] = [];
  let before: string | undefined;
  let only = '';
  let results = 'bench.json';
  for (const word of words) {
    const [key = '', value] = word.split(/=(.*)/s);
    if (value === undefined) names.push(word);
    else if (key === 'before') before = value;
    else if (key === 'only') only = value;
    else if (key === 'results') results = value;
    else if (Object.hasOwn(numbers, key) && Number(value) > 0)
      numbers[key as keyof typeof numbers] = Number(value);
    else
      throw new RangeError(
        `${word}: parameters are ${Object.keys(numbers).join(', ')}, before, only, results`,
      );
  }
  return { names, options: { ...numbers, before, only, results } };
}
