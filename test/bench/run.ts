/**
 * Speed, as ratios within one run: `npm run bench -- [NAME…] [SIZE=NUMBER…]`. Names: request, throughput, acks, brokers; all
 * without one. Sizes: rounds, requests, messages, acks. Each round measures every system once, in turn, so that a noisy
 * machine is noisy for all of them.
 */
import { cpus } from 'node:os';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { acknowledged } from './acknowledged.ts';
import { brokers } from './brokers.ts';
import { requestResponse } from './request-response.ts';
import { throughput } from './throughput.ts';
import { Workshop } from './workshop.ts';

export interface BenchOptions {
  readonly workshop: Workshop;
  /** The reference; undefined where it cannot be had. */
  readonly python: PythonPeer | undefined;
  readonly rounds: number;
  readonly sizes: Readonly<Record<'requests' | 'messages' | 'acks', number>>;
  print(line: string): void;
}

export interface Bench {
  readonly name: string;
  run(options: BenchOptions): Promise<void>;
}

/** In the order in which they are run. One more is one more file and one more name here. */
const BENCHES: readonly Bench[] = [requestResponse, throughput, acknowledged, brokers];

const sizes = { rounds: 5, requests: 2_000, messages: 100_000, acks: 20_000 };
const names: string[] = [];
for (const argument of process.argv.slice(2)) {
  const [key = '', value] = argument.split('=');
  if (value === undefined) names.push(argument);
  else if (key in sizes && Number(value) > 0) sizes[key as keyof typeof sizes] = Number(value);
  else throw new RangeError(`${argument}: sizes are ${Object.keys(sizes).join(', ')}`);
}
const unknown = names.find((name) => BENCHES.every((bench) => bench.name !== name));
if (unknown !== undefined) throw new RangeError(`${unknown}: there are ${BENCHES.map(({ name }) => name)}`);

const found = await findPython();
const python = 'unavailable' in found ? undefined : found;
console.log(`Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()})`);
if ('unavailable' in found) console.log(`Without Python: ${found.unavailable}`);
for (const bench of BENCHES.filter(({ name }) => names.length === 0 || names.includes(name))) {
  console.log(`\n${bench.name}`);
  const workshop = new Workshop();
  try {
    await bench.run({ workshop, python, rounds: sizes.rounds, sizes, print: (line) => console.log(line) });
  } finally {
    workshop.close();
  }
}
process.exit(0);
