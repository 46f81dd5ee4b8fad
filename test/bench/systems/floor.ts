import { join } from 'node:path';
import { makeCertificates } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { type Build, programOf } from '../builds.ts';
import { Driven } from '../workshop.ts';
import { startRelay } from './relay.ts';
import type { Contender } from './system.ts';

export interface FloorOptions {
  /** Both connectors have each batch on disk before they confirm it. */
  readonly stored?: boolean;
  readonly delayMs?: number;
}

/** The same shape in four plain Node processes (programs/floor-connector.ts): what a broker written for Node can reach. */
export function floor(name: string, { stored = false, delayMs }: FloorOptions = {}): Contender {
  return {
    name,
    start: async (bench) => {
      const { workshop, builds } = bench;
      const port = await freePort();
      const [directory, unused] = [workshop.directory(), workshop.directory()];
      await makeCertificates(directory, unused);
      const start = (program: string, ...args: string[]): Driven =>
        new Driven(workshop, process.execPath, [programOf(builds[0] as Build, program), ...args]);
      const journal = (of: string): string => (stored ? join(directory, `${of}.journal`) : '-');
      const [nearPath, farPath] = [join(directory, 'near'), join(directory, 'far')];
      const pem = join(directory, 'certificates/server/server-cert/server');
      const consumer = start('floor-program.ts', 'consumer', farPath);
      await consumer.do('listen');
      const connector = (...args: string[]): Driven => start('floor-connector.ts', ...args);
      const far = connector('far', farPath, String(port), journal('far'), `${pem}.pem`, `${pem}.key`);
      await far.do('ready');
      const relay = delayMs === undefined ? undefined : await startRelay(bench, port, delayMs);
      const near = connector('near', nearPath, String(relay ?? port), journal('near'));
      await near.do('ready');
      const producer = start('floor-program.ts', 'producer', nearPath);
      const processes = { producer: producer.pid, near: near.pid, far: far.pid, consumer: consumer.pid };
      return { sender: producer, receiver: consumer, processes };
    },
  };
}
