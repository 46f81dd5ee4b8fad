import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../source/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const COUNT = 20_000;
/** Sends that a program has under way at once: it need not wait for one to send the next. */
const UNDER_WAY = 500;
const NUMBERS = Array.from({ length: COUNT }, (_, number) => number);

interface Program {
  readonly api: ConnectorAPI;
  readonly seen: readonly number[];
  sendNumbers(destinationId?: string): Promise<void>;
}

/** A daemon of that configuration, and a program that uses it: it listens, and sends as fast as it is let. */
async function program(
  t: TestContext,
  directory: string,
  config: Readonly<Record<string, unknown>>,
): Promise<Program> {
  const file = join(directory, 'connector.json');
  const places = {
    connector_files_dirpath: join(directory, 'run'),
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  await new Daemon(t, ['--headless', file], directory).ready();
  const api = await ConnectorAPI.fromConfig(file);
  t.after(() => api.close());
  const seen: number[] = [];
  const listener = await api.listen('any', (message) => {
    seen.push((message.json() as { number: number }).number);
  });
  t.after(() => listener.stop());
  return {
    api,
    seen,
    sendNumbers: async (destinationId) => {
      const to = destinationId === undefined ? {} : { destinationId };
      const underWay: Promise<unknown>[] = [];
      for (const number of NUMBERS) {
        await underWay[number - UNDER_WAY];
        underWay.push(api.send({ messageType: 'any', data: { number }, ...to }));
      }
      await Promise.all(underWay);
    },
  };
}

test('TypeScript programs at both ends of two daemons over mutual TLS: 20,000 each way, none lost, late or twice', async (t) => {
  const port = await freePort();
  const [serverDirectory, clientDirectory] = [tempDir(t), tempDir(t)];
  await makeCertificates(serverDirectory, clientDirectory);
  const server = await program(t, serverDirectory, { is_server: true, server_sockaddr: ['127.0.0.1', port] });
  const client = await program(t, clientDirectory, {
    is_server: false,
    client_name: 'client1',
    server_sockaddr: ['127.0.0.1', port],
  });
  const ping = { messageType: '_ping', data: 'there?', destinationId: 'client1', timeoutMs: 1_000 };
  await waitFor(
    () =>
      server.api.request(ping).then(
        () => true,
        () => false,
      ),
    { what: 'the connection', timeoutMs: 20_000 },
  );
  await Promise.all([server.sendNumbers('client1'), client.sendNumbers()]);
  for (const { seen } of [server, client]) {
    await waitFor(() => seen.length >= COUNT, { what: 'all messages', timeoutMs: 60_000 });
    assert.deepEqual(seen, NUMBERS);
  }
});
