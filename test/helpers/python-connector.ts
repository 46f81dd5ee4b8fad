import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PythonPeer } from './python-peer.ts';
import { tempDir } from './temp-dir.ts';
import { deadline } from './wait-for.ts';

export interface PythonConnector {
  /** Where its sockets and its log are. */
  readonly directory: string;
  /** What Python's tool gets for `show_connected_peers`: the names of the peers with their addresses. */
  peers(): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
  /** As a machine that loses its power would. */
  killed(): Promise<void>;
}

/**
 * Starts the reference program's connector from a plain configuration file (`create_connector`), stopped when the test
 * ends. Its files are in a directory of its own.
 *
 * @param config the keys that matter; the directories and the log are added
 * @param directory where an earlier one of the same name has left its files, if there was one
 * @param program what runs the connector, given the configuration's path as its last argument
 */
export function startPythonConnector(
  t: TestContext,
  { python }: PythonPeer,
  config: Readonly<Record<string, unknown>>,
  directory = tempDir(t),
  program: readonly string[] = ['-m', 'aioconnectors', 'create_connector'],
): PythonConnector {
  const file = join(directory, 'config.json');
  const places = { connector_files_dirpath: directory, default_logger_dirpath: directory };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  const child = spawn(python, [...program, file], {
    cwd: directory,
    stdio: 'ignore',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), 3_000);
    await ended;
    clearTimeout(killer);
  };
  t.after(stop);
  return {
    directory,
    stop,
    killed: async () => {
      child.kill('SIGKILL');
      await ended;
    },
    peers: async () => JSON.parse(await command(join(directory, commander(config)))),
  };
}

/** The name of the socket that Python's own tool talks to (PROTOCOL §4). */
function commander(config: Readonly<Record<string, unknown>>): string {
  const letters = (text: string): string => text.replace(/[^0-9A-Za-z]/g, '');
  const [host, port] = config['server_sockaddr'] as [string, number];
  const id =
    config['is_server'] === true ? `${letters(host)}_${port}` : letters(String(config['client_name']));
  return `uds_path_commander_${id}`;
}

async function command(path: string): Promise<string> {
  const request = JSON.stringify({ cmd: 'show_connected_peers__sync', kwargs: { dump_result: true } });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(request));
  const socket = net.connect(path);
  try {
    socket.write(Buffer.concat([length, Buffer.from(request)]));
    return await deadline(answerOf(socket), 3_000, `an answer from ${path}`);
  } finally {
    socket.destroy();
  }
}

async function answerOf(socket: net.Socket): Promise<string> {
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length >= 4 && received.length >= 4 + received.readUInt32LE(0)) break;
  }
  return received.subarray(4).toString();
}
