import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeCertificates } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { type Build, programOf } from '../builds.ts';
import type { Bench } from '../case.ts';
import { type Used, watch } from '../processes.ts';
import type { Counted } from '../programs/numbered.ts';
import { QUIET_MS } from '../rate.ts';
import { Driven } from '../workshop.ts';
import { connected, startDaemon, writeConfig } from './aioc.ts';

/** The clients share so many processes. */
const PROCESSES = 4;

export interface ClientsLoad {
  /** Of each client. */
  readonly bursts: number;
  /** Messages in each. */
  readonly burst: number;
  /** Of all clients together. */
  readonly burstsPerSecond: number;
  readonly bytes: number;
}

/** A server with many clients over mutual TLS, each with a certificate of its own. */
export interface ManyClients {
  readonly count: number;
  /** What the server takes of the machine from now until the function returned is called. */
  watchServer(): () => Used;
  /** Each client in turn sends a burst, and a program on the server checks what comes. */
  send(load: ClientsLoad): Promise<readonly Counted[]>;
}

export async function startClients(bench: Bench, build: Build, count: number): Promise<ManyClients> {
  const { workshop } = bench;
  const port = await freePort();
  const [directory, template] = [workshop.directory(), workshop.directory()];
  await makeCertificates(directory, template);
  const file = writeConfig(directory, {
    is_server: true,
    server_sockaddr: ['127.0.0.1', port],
    max_certs: count + 1,
  });
  const server = await startDaemon(bench, build, file);
  const collector = new Driven(workshop, process.execPath, [programOf(build, 'collector-program.ts'), file]);
  await collector.do('listen');
  const certificates = join(template, 'certificates');
  const bounds = Array.from({ length: PROCESSES + 1 }, (_, index) => Math.floor((index * count) / PROCESSES));
  const programs = bounds.slice(1).map((end, index) => {
    const [first = 0, own] = [bounds[index], workshop.directory()];
    const args = [port, first, end - first].map(String);
    const program = new Driven(workshop, process.execPath, [
      ...['--import', pathToFileURL(programOf(build, 'one-key.ts')).href],
      ...[programOf(build, 'clients-program.ts'), ...args, own, certificates],
    ]);
    return { program, clients: end - first };
  });
  await Promise.all(programs.map(({ program }) => program.do('start')));
  await connected(port, directory, count);
  return {
    count,
    watchServer: () => watch({ server: server.process.pid ?? Number.NaN }),
    send: async ({ bursts, burst, burstsPerSecond, bytes }) => {
      await collector.do('expect', { clients: count, count: bursts * burst, bytes, timed: true });
      const sent = programs.map(({ program, clients }) =>
        program.do('send', { bursts, burst, bytes, burstsPerSecond: (burstsPerSecond * clients) / count }),
      );
      const counted = collector.do<readonly Counted[]>('all', { quietMs: QUIET_MS });
      await Promise.all(sent);
      return counted;
    },
  };
}
