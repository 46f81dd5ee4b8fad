import { execFile } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { createCertificates } from '../../../engine/index.ts';
import { ClientCertificates } from '../../../engine/security/client-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import { freePort } from '../../helpers/free-port.ts';
import type { PythonPeer } from '../../helpers/python-peer.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import type { Mode } from './cells.ts';
import { ANSWERED, KEPT } from './program.ts';
import { Side } from './side.ts';

const run = promisify(execFile);

export const CLIENT = 'edge-1';
/** May be sent and is taken by nobody. */
export const UNKNOWN = 'odd';

export interface Kinds {
  /** The interpreter where that side is Python's. */
  readonly server: PythonPeer | undefined;
  readonly client: PythonPeer | undefined;
}

/** The two connectors of a column, not started yet, each with directories of its own. */
export async function prepareSides(
  t: TestContext,
  mode: Mode,
  kinds: Kinds,
): Promise<{ readonly server: Side; readonly client: Side }> {
  const { home, clientHome } = await prepareHomes(t, mode, kinds.server);
  const port = await freePort();
  const config = {
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: mode !== 'no TLS',
    ssl_allow_all: mode === 'allow all',
    send_message_types: [KEPT, ANSWERED, UNKNOWN],
    recv_message_types: [KEPT, ANSWERED],
    debug_msg_counts: false,
    // Where root lets everybody send, our connectors read no file that a Python program's user alone may read.
    everybody_can_send_messages: false,
  };
  const side = (role: 'server' | 'client', name: string, directory: string): Side =>
    new Side(t, {
      role,
      name,
      directory,
      config: { ...config, is_server: role === 'server', ...(role === 'client' && { client_name: name }) },
      ...(kinds[role] !== undefined && { python: kinds[role] }),
    });
  return {
    server: side('server', `('127.0.0.1', ${port})`, home),
    client: side('client', CLIENT, clientHome),
  };
}

/** A directory for either side, with the certificates that it begins with. */
export async function prepareHomes(
  t: TestContext,
  mode: Mode,
  pythonServer: PythonPeer | undefined,
): Promise<{ readonly home: string; readonly clientHome: string }> {
  const [home, clientHome] = [tempDir(t), tempDir(t)];
  if (pythonServer === undefined) await createCertificates(home);
  else await run(pythonServer.python, ['-m', 'aioconnectors', 'create_certificates', home]);
  mkdirSync(join(clientHome, 'certificates'));
  cpSync(join(home, 'certificates/client'), join(clientHome, 'certificates/client'), { recursive: true });
  if (mode === 'own certificate') await enrol(home, clientHome);
  return { home, clientHome };
}

/** Gives the client its own certificate before either of them has run. */
async function enrol(home: string, clientHome: string): Promise<void> {
  const random = realRandomness();
  const server = await ServerCertificates.open({ directory: home, random, wallNow: Date.now });
  const client = new ClientCertificates({ directory: clientHome, name: CLIENT, random, wallNow: Date.now });
  await client.store(await server.issue(CLIENT));
}
