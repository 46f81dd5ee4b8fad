import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConnectorAPI, ConnectorRemoteTool } from '../../engine/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon, type RunAs } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { memoryMbOf } from '../helpers/process-memory.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

export type Role = 'server' | 'client';
type Config = Readonly<Record<string, unknown>>;

/** A server and a client as daemons over mutual TLS, with everything stored; programs of both are in this process. */
export class StoredPair {
  readonly #files = new Map<Role, string>();
  readonly #directories = new Map<Role, string>();
  readonly #daemons = new Map<Role, Daemon>();
  readonly #endings: (() => void)[] = [];
  readonly port: number;

  private constructor(port: number) {
    this.port = port;
  }

  /** @param configs besides the usual keys, for each side */
  static async make(configs: Partial<Record<Role, Config>> = {}): Promise<StoredPair> {
    const pair = new StoredPair(await freePort());
    const server_sockaddr = ['127.0.0.1', pair.port];
    const [server, client] = [makeTempDir(), makeTempDir()];
    await makeCertificates(server, client);
    pair.#write('server', server, { server_sockaddr, is_server: true, ...configs.server });
    pair.#write('client', client, {
      server_sockaddr,
      is_server: false,
      client_name: 'client1',
      ...configs.client,
    });
    return pair;
  }

  /** The client calls another port than the server's own. Before it is started. */
  callThrough(port: number): void {
    const file = this.#files.get('client') as string;
    const config = JSON.parse(readFileSync(file, 'utf8')) as Config;
    writeFileSync(file, JSON.stringify({ ...config, server_sockaddr: ['127.0.0.1', port] }));
  }

  async start(role: Role): Promise<void> {
    await this.#daemon(role).ready();
  }

  /** Before the first time a full queue refuses what it is given, since nobody knows the other side to be aioc. */
  async connected(): Promise<void> {
    const tool = await ConnectorRemoteTool.fromConfig(this.configFile('server'));
    await waitFor(async () => 'client1' in (await tool.showConnectedPeers({ timeoutMs: 2_000 })), {
      what: 'the client to be connected',
    });
  }

  #daemon(role: Role, how: Pick<RunAs, 'env' | 'preload'> = {}): Daemon {
    const directory = this.#directories.get(role) as string;
    const endings = { after: (ending: () => void) => void this.#endings.push(ending) };
    const daemon = new Daemon(endings, ['--headless', this.configFile(role)], directory, how);
    this.#daemons.set(role, daemon);
    return daemon;
  }

  /** Starts it with something that will kill it, and waits until that has happened. */
  async startDoomed(role: Role, env: Readonly<Record<string, string>>, preload: string): Promise<void> {
    const daemon = this.#daemon(role, { env, preload });
    await daemon.finished();
  }

  configFile(role: Role): string {
    return this.#files.get(role) as string;
  }

  /** kill -9 */
  async kill(role: Role): Promise<void> {
    await this.#daemons.get(role)?.killed();
  }

  async program(role: Role): Promise<ConnectorAPI> {
    const api = await ConnectorAPI.fromConfig(this.#files.get(role) as string);
    this.#endings.push(() => api.close());
    return api;
  }

  /** The memory that the daemon has now, or has had at most, in MB. */
  memoryMb(role: Role, which: 'VmRSS' | 'VmHWM'): number {
    const daemon = this.#daemons.get(role);
    const { exitCode, signalCode } = daemon?.process ?? {};
    if ((exitCode ?? signalCode ?? undefined) !== undefined)
      throw new Error(`the ${role} ended with ${exitCode ?? signalCode}: ${daemon?.errors}`);
    return memoryMbOf(daemon?.process.pid, which);
  }

  end(): void {
    for (const ending of this.#endings.reverse()) ending();
    for (const directory of this.#directories.values()) removeDir(directory);
  }

  #write(role: Role, directory: string, config: Config): void {
    const file = join(directory, 'connector.json');
    const run = join(directory, 'run');
    mkdirSync(run);
    const places = {
      connector_files_dirpath: run,
      certificates_directory_path: directory,
      default_logger_dirpath: directory,
    };
    writeFileSync(file, JSON.stringify({ ...places, debug_msg_counts: false, ...config }));
    this.#files.set(role, file);
    this.#directories.set(role, directory);
  }
}

/** Sends numbered messages, many under way at once, and gives the numbers that were confirmed to be stored. */
export async function sendNumbers(
  api: ConnectorAPI,
  { from, count, data = '' }: { readonly from: number; readonly count: number; readonly data?: string },
): Promise<{ readonly stored: readonly number[]; readonly refused: ReadonlyMap<string, number> }> {
  const stored: number[] = [];
  const refused = new Map<string, number>();
  let pending: Promise<void>[] = [];
  for (let number = from; number < from + count; number += 1) {
    pending.push(
      api.send({ messageType: 'any', data: `${number} ${data}` }).then(
        (outcome) => {
          if (outcome === 'stored') stored.push(number);
        },
        ({ code }: { code: string }) => void refused.set(code, (refused.get(code) ?? 0) + 1),
      ),
    );
    if (pending.length < 1_000) continue;
    await Promise.all(pending);
    pending = [];
  }
  await Promise.all(pending);
  return { stored, refused };
}

/** What of the numbers a listener has heard: each once or more, and in which order. */
export class Heard {
  readonly first = new Set<number>();
  repeats = 0;
  late = 0;
  #last = -1;

  take(number: number): void {
    if (this.first.has(number)) {
      this.repeats += 1;
      return;
    }
    if (number < this.#last) this.late += 1;
    this.#last = Math.max(this.#last, number);
    this.first.add(number);
  }

  missing(numbers: readonly number[]): number {
    return numbers.filter((number) => !this.first.has(number)).length;
  }
}
