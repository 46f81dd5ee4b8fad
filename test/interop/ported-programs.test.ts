import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorRemoteTool } from '../../engine/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { ExampleProgram } from '../helpers/example-program.ts';
import { freePort } from '../helpers/free-port.ts';
import { startPythonConnector } from '../helpers/python-connector.ts';
import { findPython, type PythonPeer } from '../helpers/python-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

type Language = 'py' | 'ts';

const NAMES = ['reading', 'question', 'order'];
const TYPES = { send_message_types: NAMES, recv_message_types: NAMES };

/** A configuration file for a connector and its programs, its directories beside it. */
function writeConfig(directory: string, config: Readonly<Record<string, unknown>>): string {
  const file = join(directory, 'connector.json');
  const value = {
    connector_files_dirpath: directory,
    default_logger_dirpath: directory,
    ...TYPES,
    ...config,
  };
  writeFileSync(file, JSON.stringify(value));
  return file;
}

interface Cast {
  readonly server: Language;
  readonly station: Language;
  /** Whose connector the station's program uses; the server's is its own. */
  readonly connector: Language;
}

const CASTS: readonly Cast[] = (['py', 'ts'] as const).flatMap((server) =>
  (['py', 'ts'] as const).flatMap((station) =>
    (['py', 'ts'] as const).map((connector) => ({ server, station, connector })),
  ),
);

/** A connector for a station's program, as a daemon of its own. @returns the configuration file for both */
async function startConnector(
  t: TestContext,
  { python, language }: { readonly python: PythonPeer; readonly language: Language },
  config: Readonly<Record<string, unknown>> & { readonly certificates_directory_path: string },
): Promise<string> {
  if (language === 'py') {
    const { directory } = startPythonConnector(t, python, { ...TYPES, ...config });
    return writeConfig(directory, config);
  }
  const directory = config.certificates_directory_path;
  const file = writeConfig(directory, config);
  await new Daemon(t, ['--headless', file], directory).ready();
  return file;
}

/** Waits until the connector of that configuration has a peer, and nobody but that one. */
async function connected(file: string, peer: string): Promise<void> {
  const tool = await ConnectorRemoteTool.fromConfig(file);
  await waitFor(async () => Object.keys(await tool.showConnectedPeers()).join() === peer, {
    timeoutMs: 20_000,
    what: `${peer} to be connected`,
  });
}

async function play(t: TestContext, python: PythonPeer, cast: Cast): Promise<void> {
  const port = await freePort();
  const [atServer, atStation] = [tempDir(t), tempDir(t)];
  await makeCertificates(atServer, atStation);
  const start = (name: string, language: Language, file: string): ExampleProgram =>
    new ExampleProgram(t, `from-python/${name}.${language}`, {
      folder: dirname(file),
      port,
      args: [file],
      ...(language === 'py' && { interpreter: python.python }),
    });
  // Python's TLS may stand still for good where nobody nudges it: both ends must not be Python's then.
  const use_ssl = cast.server === 'ts' || cast.connector === 'ts';
  const address = { server_sockaddr: ['127.0.0.1', port], use_ssl };
  const serverFile = writeConfig(atServer, {
    ...address,
    is_server: true,
    certificates_directory_path: atServer,
  });
  const server = start('weather-server', cast.server, serverFile);
  await server.prints('listening');
  const stationFile = await startConnector(
    t,
    { python, language: cast.connector },
    { ...address, is_server: false, client_name: 'roof', certificates_directory_path: atStation },
  );
  await connected(stationFile, `('127.0.0.1', ${port})`);
  await connected(serverFile, 'roof');

  const station = start('weather-station', cast.station, stationFile);
  assert.equal(await deadline(station.ended, 30_000, `the station to end: ${station.output}`), 0);
  assert.deepEqual(
    station.lines,
    ['ordered: open the roof', '3 readings, 31 degrees at most'],
    station.errors,
  );
  await server.prints('roof answers: done: open the roof');
  assert.deepEqual(
    server.lines,
    [
      'listening',
      ...[21.5, 28, 31].map((celsius) => `roof: ${celsius} degrees, 200 bytes of picture`),
      'roof answers: done: open the roof',
    ],
    server.errors,
  );
}

test('a server program and a client program, each in Python and in TypeScript, all work with each other', async (t) => {
  const python = await findPython();
  if ('unavailable' in python) return t.skip(python.unavailable);
  for (const cast of CASTS) {
    const { server, station, connector } = cast;
    await t.test(`server .${server}, client .${station} on a connector .${connector}`, (t) =>
      play(t, python, cast),
    );
  }
});
