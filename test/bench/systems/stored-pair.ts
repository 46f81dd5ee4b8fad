import { makeCertificates } from '../../helpers/configured-connectors.ts';
import type { Daemon } from '../../helpers/daemon.ts';
import { freePort } from '../../helpers/free-port.ts';
import { type Build, programOf } from '../builds.ts';
import type { Bench } from '../case.ts';
import { Driven } from '../workshop.ts';
import { startDaemon, writeConfig } from './aioc.ts';

type End = 'near' | 'far';

/** A client (near) and its server (far) over mutual TLS, with everything stored, that are started and killed one by one. */
export class StoredPair {
  readonly #bench: Bench;
  readonly #build: Build;
  readonly #files: Readonly<Record<End, string>>;
  readonly #daemons = new Map<End, Daemon>();

  private constructor(bench: Bench, build: Build, files: Readonly<Record<End, string>>) {
    this.#bench = bench;
    this.#build = build;
    this.#files = files;
  }

  static async make(bench: Bench, build: Build): Promise<StoredPair> {
    const [near, far] = [bench.workshop.directory(), bench.workshop.directory()];
    await makeCertificates(far, near);
    const common = { server_sockaddr: ['127.0.0.1', await freePort()], debug_msg_counts: false };
    return new StoredPair(bench, build, {
      near: writeConfig(near, { ...common, is_server: false, client_name: 'client1' }),
      far: writeConfig(far, { ...common, is_server: true }),
    });
  }

  async start(end: End): Promise<void> {
    this.#daemons.set(end, await startDaemon(this.#bench, this.#build, this.#files[end]));
  }

  async kill(end: End): Promise<void> {
    await this.#daemons.get(end)?.killed();
  }

  pid(end: End): number {
    return this.#daemons.get(end)?.process.pid ?? Number.NaN;
  }

  configFile(end: End): string {
    return this.#files[end];
  }

  program(end: End, name = 'aioc-program.ts'): Driven {
    return new Driven(this.#bench.workshop, process.execPath, [
      programOf(this.#build, name),
      this.#files[end],
    ]);
  }
}
