// The middle of a star: its clients know nobody but this server, and write to each other by way of this program.
// Once before it:
//   aioc create_certificates hub
//   mkdir -p spokes/certificates && cp -r hub/certificates/client spokes/certificates/
import { ConnectorManager } from 'aioc';

const connector = new ConnectorManager({
  isServer: true,
  serverSockaddr: ['127.0.0.1', Number(process.env['AIOC_PORT'] ?? 10673)],
  certificatesDirectoryPath: 'hub',
  connectorFilesDirpath: 'hub',
  sendMessageTypes: ['letter'],
  recvMessageTypes: ['letter'],
});
const api = connector.api();
connector.on('connected', ({ name }) => console.log(`${name} is here`));
connector.on('disconnected', ({ name }) => console.log(`${name} is away`));

await api.listen(
  'letter',
  async (message) => {
    // Who sent it is proven by the certificate of its connection, so nobody can write in another's name.
    const { sourceId: from } = message;
    const { to, text } = message.json<{ to: string; text: string }>();
    try {
      // To somebody who is away, or comes for the first time later, it waits on the disk.
      await api.send({ messageType: 'letter', destinationId: to, data: { from, text } });
      await message.reply(`on its way to ${to}`);
    } catch (error) {
      await message.reply(`not sent: ${error instanceof Error ? error.message : error}`);
    }
  },
  // A letter that is no JSON must not end the listener.
  { onError: (error) => console.error(error) },
);
await connector.start();
console.log('listening');
