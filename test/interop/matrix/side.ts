import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ConnectorRemoteTool } from '../../../engine/index.ts';
import { Daemon } from '../../helpers/daemon.ts';
import { type PythonConnector, startPythonConnector } from '../../helpers/python-connector.ts';
import type { PythonPeer } from '../../helpers/python-peer.ts';
import type { Program } from './program.ts';

export interface SideOptions {
  readonly role: 'server' | 'client';
  /** The name by which its peer knows it. */
  readonly name: string;
  /** Where all of its files are. */
  readonly directory: string;
  /** What both kinds of connectors are given. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The reference program's connector, by that interpreter; absent: ours. */
  readonly python?: PythonPeer;
}

/** One of the two connectors of a column, a process of its own that can be killed and started again. */
export class Side {
  readonly name: string;
  readonly role: 'server' | 'client';
  readonly kind: 'aioc' | 'Python';
  readonly configFile: string;
  /** Where files of dst_type `any` arrive. */
  readonly received: string;
  readonly #t: TestContext;
  readonly #options: SideOptions;
  #config: Readonly<Record<string, unknown>>;
  #tool: ConnectorRemoteTool | undefined;
  #connector: Daemon | PythonConnector | undefined;
  #program: Program | undefined;
  #residentMaxBytes = 0;

  constructor(t: TestContext, options: SideOptions) {
    const { role, name, directory, config, python } = options;
    this.#t = t;
    this.#options = options;
    this.name = name;
    this.role = role;
    this.kind = python === undefined ? 'aioc' : 'Python';
    this.received = join(directory, 'received');
    // Python's file is named so by its helper, and programs of either kind read it there.
    this.configFile = join(directory, 'config.json');
    this.#config = {
      connector_files_dirpath: directory,
      certificates_directory_path: directory,
      default_logger_dirpath: directory,
      file_recv_config: { any: { target_directory: this.received, owner: null, override_existing: false } },
      ...(python !== undefined && PYTHON_ONLY),
      ...config,
    };
    writeFileSync(this.configFile, JSON.stringify(this.#config));
  }

  /** What holds from the next start on. */
  reconfigure(changes: Readonly<Record<string, unknown>>): void {
    this.#config = { ...this.#config, ...changes };
    writeFileSync(this.configFile, JSON.stringify(this.#config));
  }

  async start(): Promise<void> {
    const { python, directory } = this.#options;
    if (python !== undefined) {
      this.#connector = startPythonConnector(this.#t, python, this.#config, directory);
      return;
    }
    const daemon = new Daemon(this.#t, ['--headless', this.configFile], directory);
    this.#connector = daemon;
    await daemon.ready();
  }

  /** With -9. */
  async kill(): Promise<void> {
    this.noteMemory();
    await this.#connector?.killed();
  }

  /** Of either kind, with our own tool. */
  async tool(): Promise<ConnectorRemoteTool> {
    this.#tool ??= await ConnectorRemoteTool.fromConfig(this.configFile);
    return this.#tool;
  }

  async peers(): Promise<Readonly<Record<string, unknown>>> {
    return (await this.tool()).showConnectedPeers({ timeoutMs: COMMAND_MS });
  }

  /** How many messages wait here to be sent to its peer. */
  async waiting(): Promise<number> {
    const { queueSend } = await (await this.tool()).peekQueues({ timeoutMs: COMMAND_MS });
    return Object.values(queueSend).reduce((sum, count) => sum + count, 0);
  }

  /** How many messages wait here for programs of its own machine. */
  async untaken(): Promise<number> {
    return (await (await this.tool()).peekQueues({ timeoutMs: COMMAND_MS })).queueRecv;
  }

  set program(program: Program) {
    this.#program = program;
  }

  get program(): Program {
    if (this.#program === undefined) throw new Error(`${this.role}: no program yet`);
    return this.#program;
  }

  log(): string {
    return readFileSync(join(this.#options.directory, 'aioconnectors.log'), 'utf8');
  }

  /** Of the certificates directory. */
  certificate(...path: readonly string[]): string {
    return join(this.#options.directory, 'certificates', ...path);
  }

  /** The most memory that a process of ours had in this place so far. */
  get residentMaxBytes(): number {
    this.noteMemory();
    return this.#residentMaxBytes;
  }

  noteMemory(): void {
    if (!(this.#connector instanceof Daemon)) return;
    const kib = /VmHWM:\s+(\d+) kB/.exec(statusOf(this.#connector.process.pid))?.[1];
    this.#residentMaxBytes = Math.max(this.#residentMaxBytes, Number(kib ?? 0) * 1024);
  }

  /** Everybody, or only that one; with the tool of its own kind. */
  async ignore(whom: 'all' | 'nobody' | { readonly only: string }): Promise<void> {
    if (this.kind === 'aioc') {
      const tool = await this.tool();
      if (whom === 'all') await tool.ignorePeerTrafficEnable();
      else if (whom === 'nobody') await tool.ignorePeerTrafficDisable();
      else await tool.ignorePeerTrafficEnableUnique(whom.only);
      return;
    }
    const { program } = this;
    if (whom === 'all') await program.pythonTool('ignore_peer_traffic_enable');
    else if (whom === 'nobody') await program.pythonTool('ignore_peer_traffic_disable');
    else await program.pythonTool('ignore_peer_traffic_enable_unique', whom.only);
  }

  /** A server deletes its client's certificate, a client its own and asks for a new one. */
  async deleteCertificate(client: string): Promise<void> {
    if (this.kind === 'aioc') {
      const tool = await this.tool();
      if (this.role === 'server') await tool.deleteClientCertificateOnServer(client);
      else await tool.deleteClientCertificateOnClient();
      return;
    }
    const named = this.role === 'server' ? [client] : [];
    const answer = await this.program.pythonTool('delete_client_certificate', ...named);
    if (!/true/i.test(String(answer))) throw new Error(`Python’s ${this.role} answers ${answer}`);
  }
}

const COMMAND_MS = 3_000;

/** So that a killed connector of Python's can be started again in its place, and has kept what waited. */
const PYTHON_ONLY = {
  reuse_server_sockaddr: true,
  reuse_uds_path_commander_server: true,
  reuse_uds_path_send_to_connector: true,
  disk_persistence_send: true,
};

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // Gone, or a system without /proc.
    return '';
  }
}
