// A client of the star. `spoke.ts ann` waits for letters; `spoke.ts ben ann 'good morning'` writes one and ends.
import { once } from 'node:events';
import { ConnectorManager } from 'aioc';

const [name = 'ann', to, text] = process.argv.slice(2);
const connector = new ConnectorManager({
  isServer: false,
  clientName: name,
  serverSockaddr: ['127.0.0.1', Number(process.env['AIOC_PORT'] ?? 10673)],
  // Those that run on one machine may share a directory: each gets a certificate of its own in it.
  certificatesDirectoryPath: 'spokes',
  connectorFilesDirpath: 'spokes',
  sendMessageTypes: ['letter'],
  recvMessageTypes: ['letter'],
});
const api = connector.api();
const letters = await api.listen('letter', (message) => {
  const letter = message.json<{ from: string; text: string }>();
  console.log(`${letter.from} writes: ${letter.text}`);
});
const connected = once(connector, 'connected');
await connector.start();
await connected;
console.log('connected');

if (to !== undefined) {
  const answer = await api.request({ messageType: 'letter', data: { to, text }, timeoutMs: 10_000 });
  console.log(answer.text());
  await letters.stop();
  api.close();
  await connector.shutdown();
}
