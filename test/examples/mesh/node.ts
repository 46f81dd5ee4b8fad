// A node of a mesh: `node.ts ada`, `node.ts ben` and `node.ts cleo`. Each is a server, and a client of the two others; all
// use one certificates directory. Each line of the input is printed by the two others.
// Once before it:
//   aioc create_certificates mesh
import { createInterface } from 'node:readline';
import { ConnectorManager } from 'aioc';

const [name = 'ada'] = process.argv.slice(2);
const names = ['ada', 'ben', 'cleo'];
const firstPort = Number(process.env['AIOC_PORT'] ?? 10673);

const connectorTo = (node: string) => {
  const isServer = node === name;
  return new ConnectorManager({
    isServer,
    ...(!isServer && { clientName: name }),
    serverSockaddr: ['127.0.0.1', firstPort + names.indexOf(node)],
    certificatesDirectoryPath: 'mesh',
    // Two clients of one name cannot have their sockets in one directory.
    connectorFilesDirpath: isServer ? `mesh/${name}` : `mesh/${name}/to-${node}`,
    sendMessageTypes: ['line'],
    recvMessageTypes: ['line'],
  });
};

const server = connectorTo(name);
const clients = names.filter((node) => node !== name).map(connectorTo);
const inbox = server.api();
const listener = await inbox.listen('line', (message) => {
  console.log(`${message.sourceId} says: ${message.text()}`);
});
for (const connector of [server, ...clients]) await connector.start();
console.log('ready');

const outlets = clients.map((client) => client.api());
for await (const data of createInterface({ input: process.stdin })) {
  // For a node that is down it waits in the connector until that is back.
  for (const outlet of outlets) await outlet.send({ messageType: 'line', data });
}

await listener.stop();
for (const api of [inbox, ...outlets]) api.close();
for (const connector of [server, ...clients]) await connector.shutdown();
