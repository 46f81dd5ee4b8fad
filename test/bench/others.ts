/** Other brokers, each in a process of its own with its data in a directory of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../helpers/free-port.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { System } from './systems.ts';
import { Driven, type Workshop } from './workshop.ts';

/** A broker that may be there. */
export interface Other {
  readonly name: string;
  /** The command that must be installed. */
  readonly command: string;
  start(workshop: Workshop): Promise<System>;
}

/** Those of Debian lie where not every user looks. */
const PATH = `${process.env['PATH']}:/usr/sbin`;

/** Whether its command is installed. */
export function isInstalled({ command }: Other): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`], { env: { ...process.env, PATH } }).status === 0;
}

async function serve(
  workshop: Workshop,
  port: number,
  command: string,
  args: readonly string[],
): Promise<void> {
  const server = spawn(command, args, { stdio: 'ignore', env: { ...process.env, PATH } });
  workshop.after(() => server.kill('SIGKILL'));
  await waitFor(() => accepts(port), { what: `${command} to listen` });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A program that sends and one that listens, on the same broker. */
async function programs(workshop: Workshop, name: string, args: readonly string[]): Promise<System> {
  const start = async (): Promise<Driven> =>
    new Driven(workshop, process.execPath, [await workshop.program(name), ...args]);
  const receiver = await start();
  await receiver.do('listen');
  return { sender: await start(), receiver };
}

function nats(kind: 'core' | 'jetstream'): Other {
  return {
    name:
      kind === 'core'
        ? 'NATS core, TLS, nothing stored or confirmed'
        : 'NATS JetStream, TLS, file, acknowledged',
    command: 'nats-server',
    start: async (workshop) => {
      const port = await freePort();
      const directory = workshop.directory();
      // A certificate for this address, as a client of NATS looks at it.
      const made = spawnSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
          ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
          ...['-keyout', join(directory, 'server.key'), '-out', join(directory, 'server.pem')],
        ],
        { encoding: 'utf8' },
      );
      if (made.status !== 0) throw new Error(made.stderr);
      const tls = [
        '--tls',
        '--tlscert',
        join(directory, 'server.pem'),
        '--tlskey',
        join(directory, 'server.key'),
      ];
      const store = kind === 'core' ? [] : ['--jetstream', '--store_dir', join(directory, 'store')];
      await serve(workshop, port, 'nats-server', [
        '--addr',
        '127.0.0.1',
        '--port',
        String(port),
        ...tls,
        ...store,
      ]);
      return programs(workshop, 'nats-program.ts', [String(port), directory, kind]);
    },
  };
}

const redis: Other = {
  name: 'Redis Streams, appendfsync everysec',
  command: 'redis-server',
  start: async (workshop) => {
    const port = await freePort();
    const directory = workshop.directory();
    const persistence = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
    await serve(workshop, port, 'redis-server', [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--dir',
      directory,
      ...persistence,
    ]);
    return programs(workshop, 'redis-program.ts', [String(port)]);
  },
};

const mosquitto: Other = {
  name: 'Mosquitto, QoS 1',
  command: 'mosquitto',
  start: async (workshop) => {
    const port = await freePort();
    const directory = workshop.directory();
    const config = join(directory, 'mosquitto.conf');
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'max_queued_messages 0',
      'max_inflight_messages 0',
      `user ${process.env['USER'] ?? 'root'}`,
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    await serve(workshop, port, 'mosquitto', ['-c', config]);
    return programs(workshop, 'mosquitto-program.ts', [String(port)]);
  },
};

export const OTHERS: readonly Other[] = [nats('core'), nats('jetstream'), redis, mosquitto];
