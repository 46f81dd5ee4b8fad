/** Other brokers, each in a process of its own with its data in a directory of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../helpers/free-port.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { type Build, programOf } from '../builds.ts';
import type { Bench } from '../case.ts';
import { Driven } from '../workshop.ts';
import type { Contender, System } from './system.ts';

/** Those of Debian lie where not every user looks. */
const PATH = `${process.env['PATH']}:/usr/sbin`;

function missing(command: string): string | undefined {
  const found = spawnSync('sh', ['-c', `command -v ${command}`], { env: { ...process.env, PATH } });
  return found.status === 0 ? undefined : `${command} is not installed`;
}

interface Served {
  readonly command: string;
  /** How it is started in an empty directory of its own. */
  args(port: number, directory: string): readonly string[];
  readonly program: string;
  readonly programArgs?: readonly string[];
}

function broker(name: string, { command, args, program, programArgs = [] }: Served): Contender {
  return {
    name,
    missing: () => missing(command),
    start: async (bench) => {
      const { workshop } = bench;
      const port = await freePort();
      const directory = workshop.directory();
      const server = spawn(command, args(port, directory), {
        stdio: 'ignore',
        env: { ...process.env, PATH },
      });
      workshop.after(() => server.kill('SIGKILL'));
      await waitFor(() => accepts(port), { what: `${command} to listen` });
      const start = (): Driven => startOn(bench, program, [String(port), directory, ...programArgs]);
      return programs(server.pid ?? Number.NaN, start);
    },
  };
}

function startOn({ workshop, builds }: Bench, program: string, args: readonly string[]): Driven {
  return new Driven(workshop, process.execPath, [programOf(builds[0] as Build, program), ...args]);
}

async function programs(brokerPid: number, start: () => Driven): Promise<System> {
  const receiver = start();
  await receiver.do('listen');
  const sender = start();
  return {
    sender,
    receiver,
    processes: { producer: sender.pid, broker: brokerPid, consumer: receiver.pid },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A certificate for this address, as a client of NATS looks at it. */
function natsArgs(port: number, directory: string): string[] {
  const [key, certificate] = [join(directory, 'server.key'), join(directory, 'server.pem')];
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
      ...['-keyout', key, '-out', certificate],
    ],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  const tls = ['--tls', '--tlscert', certificate, '--tlskey', key];
  return ['--addr', '127.0.0.1', '--port', String(port), ...tls];
}

/** Over TLS; nothing is stored, and nothing is confirmed. */
export const NATS_CORE = broker('NATS core', {
  command: 'nats-server',
  args: natsArgs,
  program: 'nats-program.ts',
  programArgs: ['core'],
});

/** Over TLS, in a file, published and delivered with acknowledgements. */
export const JET_STREAM = broker('NATS JetStream', {
  command: 'nats-server',
  args: (port, directory) => [
    ...natsArgs(port, directory),
    ...['--jetstream', '--store_dir', join(directory, 'store')],
  ],
  program: 'nats-program.ts',
  programArgs: ['jetstream'],
});

/** A consumer group with acknowledgements; its file is synced each second (appendfsync everysec). */
export const REDIS_STREAMS = broker('Redis Streams', {
  command: 'redis-server',
  args: (port, directory) => [
    ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory],
    ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
  ],
  program: 'redis-program.ts',
});

/** QoS 1 in both directions. */
export const MOSQUITTO = broker('Mosquitto QoS 1', {
  command: 'mosquitto',
  args: (port, directory) => {
    const config = join(directory, 'mosquitto.conf');
    const lines = [
      `listener ${port} 127.0.0.1`,
      'allow_anonymous true',
      'max_queued_messages 0',
      'max_inflight_messages 0',
      `user ${process.env['USER'] ?? 'root'}`,
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    return ['-c', config];
  },
  program: 'mosquitto-program.ts',
});
