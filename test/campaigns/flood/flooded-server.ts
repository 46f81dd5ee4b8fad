import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { type Mode, makeCertificates } from '../../helpers/configured-connectors.ts';
import { Daemon } from '../../helpers/daemon.ts';
import { freePort } from '../../helpers/free-port.ts';
import { memoryMbOf } from '../../helpers/process-memory.ts';
import { Deliveries } from '../fuzz/delivered.ts';
import { listenerPath } from '../fuzz/surfaces.ts';
import type { KeyAndCertificate } from '../fuzz/target.ts';

const SAMPLE_MS = 200;

/** A server as a daemon, with a listener, and its memory. */
export class FloodedServer {
  readonly port: number;
  readonly byDefault: KeyAndCertificate | undefined;
  /** Certificates that it has accepted, by name. */
  readonly certificates: ReadonlyMap<string, KeyAndCertificate>;
  readonly deliveries: Deliveries;
  readonly #daemon: Daemon;
  readonly #sampling: NodeJS.Timeout;
  mostMb = 0;

  private constructor(
    parts: Pick<FloodedServer, 'port' | 'byDefault' | 'certificates' | 'deliveries'>,
    daemon: Daemon,
  ) {
    this.port = parts.port;
    this.byDefault = parts.byDefault;
    this.certificates = parts.certificates;
    this.deliveries = parts.deliveries;
    this.#daemon = daemon;
    this.#sampling = setInterval(() => {
      this.mostMb = Math.max(this.mostMb, this.memoryMb);
    }, SAMPLE_MS);
  }

  /** @param names of clients with certificates */
  static async start(mode: Mode, names: readonly string[], directory: string): Promise<FloodedServer> {
    const port = await freePort();
    const isMutual = mode === 'mutual-tls';
    const certificates = isMutual ? await enrolled(names, directory) : new Map<string, KeyAndCertificate>();
    const run = join(directory, 'run');
    mkdirSync(run);
    const file = join(directory, 'server.json');
    const config = {
      connector_files_dirpath: run,
      certificates_directory_path: directory,
      default_logger_dirpath: directory,
      is_server: true,
      server_sockaddr: ['127.0.0.1', port],
      use_ssl: mode !== 'plain',
      ssl_allow_all: mode === 'tls-allow-all',
    };
    writeFileSync(file, JSON.stringify(config));
    const endings = { after: (ending: () => void) => void process.once('exit', ending) };
    const daemon = new Daemon(endings, ['--headless', file], directory);
    await daemon.ready();
    const deliveries = await Deliveries.listen(listenerPath({ serverRun: run, port }), names);
    const byDefault = isMutual ? defaultOf(directory) : undefined;
    return new FloodedServer({ port, byDefault, certificates, deliveries }, daemon);
  }

  get memoryMb(): number {
    const { exitCode, signalCode, pid } = this.#daemon.process;
    return exitCode === null && signalCode === null ? memoryMbOf(pid, 'VmRSS') : Number.NaN;
  }

  /** Its open files and connections. */
  get openFiles(): number {
    return readdirSync(`/proc/${this.#daemon.process.pid}/fd`).length;
  }

  async stop(): Promise<void> {
    clearInterval(this.#sampling);
    this.deliveries.close();
    await this.#daemon.killed();
  }
}

async function enrolled(
  names: readonly string[],
  directory: string,
): Promise<ReadonlyMap<string, KeyAndCertificate>> {
  await makeCertificates(directory, join(directory, 'copy'));
  const random = realRandomness();
  const known = await ServerCertificates.open({ directory, random, wallNow: Date.now });
  const made = new Map<string, KeyAndCertificate>();
  for (const name of names) {
    const { certificatePem, privateKeyPem } = await makeDirectoryCertificate(name, {
      random,
      wallNowMs: Date.now(),
    });
    await known.accept(name, certificatePem);
    made.set(name, { key: privateKeyPem, cert: certificatePem });
  }
  return made;
}

function defaultOf(directory: string): KeyAndCertificate {
  const file = (name: string): string =>
    readFileSync(join(directory, 'copy/certificates/client/client-certs', name), 'utf8');
  return { key: file('default.key'), cert: file('default.pem') };
}
