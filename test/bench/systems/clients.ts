import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { makeKeyPair } from '../../../engine/security/keys-and-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { random } from '../../helpers/certificates-directory.ts';
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

/**
 * Certificates of all clients, known to the server, which limits how many clients enrol in a minute. All have one RSA key:
 * a key takes 0.3 s of a processor, and what is measured knows a client by its certificate, not by its key.
 */
async function enrolAhead(directory: string, pairs: string, count: number): Promise<void> {
  const server = await ServerCertificates.open({
    directory,
    random,
    wallNow: Date.now,
    maxCertificates: count + 1,
  });
  const keys = await makeKeyPair();
  for (let index = 0; index < count; index += 1) {
    const name = `client${index}`;
    const made = await makeDirectoryCertificate(name, { random, wallNowMs: Date.now(), keys });
    await server.accept(name, made.certificatePem, { isInvited: true });
    writeFileSync(join(pairs, `${name}.pem`), made.certificatePem);
    writeFileSync(join(pairs, `${name}.key`), made.privateKeyPem, { mode: 0o600 });
  }
}

export async function startClients(bench: Bench, build: Build, count: number): Promise<ManyClients> {
  const { workshop } = bench;
  const port = await freePort();
  const [directory, template] = [workshop.directory(), workshop.directory()];
  await makeCertificates(directory, template);
  const pairs = workshop.directory();
  await enrolAhead(directory, pairs, count);
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
      ...[programOf(build, 'clients-program.ts'), ...args, own, certificates, pairs],
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
