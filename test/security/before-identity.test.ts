import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { ConnectorAPI } from '../../engine/index.ts';
import { encodeFrame } from '../../engine/protocol/frame-encoder.ts';
import type { Header, JsonObject } from '../../engine/protocol/header.ts';
import {
  type ConfiguredSide,
  configuredSide,
  type Mode,
  makeCertificates,
} from '../helpers/configured-connectors.ts';
import { freePort } from '../helpers/free-port.ts';
import { rawClient } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

const frame = (header: JsonObject & { readonly message_type: string }, data = 'forged'): Buffer =>
  encodeFrame({ header: { source_id: 'alice', ...header } as unknown as Header, data: Buffer.from(data) });

/** What may come only after a connection has a name. */
const EARLY: readonly (readonly [string, Buffer])[] = [
  ['a message', frame({ message_type: 'any' })],
  ['a numbered message', frame({ message_type: 'any', transport_id: 'abcdefghijklmnopqrstuv.1' })],
  ['a request', frame({ message_type: 'any', await_response: true, request_id: 1 })],
  [
    'a file',
    frame({ message_type: 'any', with_file: { dst_type: 'any', dst_name: 'a.txt', binary_offset: 0 } }),
  ],
  ['a response', frame({ message_type: 'any', response_id: 1 })],
  ['an acknowledgement', frame({ message_type: '_ack', transport_id: 1 })],
  ['a ping', frame({ message_type: '_ping' }, 'ping')],
  ['a token', frame({ message_type: '_token' }, '{"cmd": "get_new_token"}')],
];

/** What the holder of the shared default certificate may not say either. */
const NO_REQUEST: readonly (readonly [string, Buffer])[] = [
  ['a handshake of another mode', frame({ message_type: '_handshake_ssl' }, 'hello')],
  ['a handshake without TLS', frame({ message_type: '_handshake_no_ssl' }, 'hello')],
  ['another command', frame({ message_type: '_ssl' }, '{"cmd": "set_new_certificate"}')],
  ['no command', frame({ message_type: '_ssl' }, 'null')],
  ['a bad name', frame({ message_type: '_ssl', source_id: '../x' }, '{"cmd": "get_new_certificate"}')],
  ['no name', frame({ message_type: '_ssl', source_id: ['a'] }, '{"cmd": "get_new_certificate"}')],
];

async function serverIn(t: TestContext, mode: Mode) {
  const [directory, clientDirectory] = [tempDir(t), tempDir(t)];
  if (mode === 'mutual-tls') await makeCertificates(directory, clientDirectory);
  const server = await configuredSide(
    t,
    {
      is_server: true,
      server_sockaddr: ['127.0.0.1', await freePort()],
      use_ssl: mode !== 'plain',
      ssl_allow_all: mode === 'tls-allow-all',
      file_recv_config: { any: { target_directory: join(directory, 'files') } },
    },
    directory,
  );
  await server.engine.start();
  const shared = (name: string): string =>
    readFileSync(join(clientDirectory, 'certificates/client/client-certs', name), 'utf8');
  const certificate = mode === 'mutual-tls' && { key: shared('default.key'), cert: shared('default.pem') };
  const place = { host: '127.0.0.1', port: server.status().port };
  const open = (): net.Socket =>
    mode === 'plain'
      ? net.connect(place)
      : tls.connect({ ...place, rejectUnauthorized: false, ...certificate });
  return { server, open };
}

/** Everything that a program of the server hears. */
async function ears(t: TestContext, server: ConfiguredSide): Promise<readonly string[]> {
  const api = await ConnectorAPI.fromConfig(server.configPath);
  t.after(() => api.close());
  const heard: string[] = [];
  const listener = await api.listen('any', (message) => void heard.push(message.text()));
  t.after(() => listener.stop());
  return heard;
}

/** Says it as the first thing on a connection, and waits until that is closed. @returns the bytes of the answer */
async function say(open: () => net.Socket, what: string, bytes: Buffer): Promise<number> {
  const socket = open();
  socket.on('error', () => undefined);
  let answeredBytes = 0;
  socket.on('data', (chunk: Buffer) => {
    answeredBytes += chunk.length;
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  await deadline(closed, 8_000, `the connection with ${what} to be closed`);
  return answeredBytes;
}

for (const mode of ['plain', 'tls-allow-all', 'mutual-tls'] as const) {
  test(`${mode}: a connection that begins with anything but its identity is closed, and nobody hears of it`, async (t) => {
    const { server, open } = await serverIn(t, mode);
    const heard = await ears(t, server);
    for (const [what, bytes] of mode === 'mutual-tls' ? [...EARLY, ...NO_REQUEST] : EARLY)
      assert.equal(await say(open, what, bytes), 0, `${what} is not answered`);
    const honest = await rawClient(t, { mode, server, name: 'bob', peerKind: 'python' });
    honest.send({ source_id: 'bob' }, 'from bob');
    await waitFor(() => heard.length > 0, { what: 'the message of an honest client' });
    assert.deepEqual(heard, ['from bob']);
    assert.deepEqual(
      server.peers().map(({ name }) => name),
      ['bob'],
    );
  });
}
