import { type Build, programOf } from '../builds.ts';
import type { Bench } from '../case.ts';
import { Driven } from '../workshop.ts';

/** A link that delays every byte by so long. @returns the port to connect to */
export async function startRelay(
  { workshop, builds }: Bench,
  targetPort: number,
  delayMs: number,
): Promise<number> {
  const program = programOf(builds[0] as Build, 'delaying-relay.ts');
  const relay = new Driven(workshop, process.execPath, [program, String(targetPort), String(delayMs)]);
  return relay.do<number>('port');
}
