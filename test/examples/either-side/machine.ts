// One of two machines that both listen for and call the other: `machine.ts north south`, and `machine.ts south north`
// there. As long as one of the two connections can be made, each line of the input is printed at the other side, once.
// Once before it (with two real machines, each makes its own and sends the other its certificates/client):
//   aioc create_certificates north && aioc create_certificates south
//   mv north/certificates/client kept && mv south/certificates/client north/certificates/client
//   mv kept south/certificates/client
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ConnectorManager } from 'aioc';

const [name = 'north', other = 'south'] = process.argv.slice(2);
const firstPort = Number(process.env['AIOC_PORT'] ?? 10673);
const addressOf = (machine: string) =>
  ['127.0.0.1', firstPort + ['north', 'south'].indexOf(machine)] as const;

const common = {
  // `certificates/server` in it is this machine's, `certificates/client` comes from the other one.
  certificatesDirectoryPath: name,
  connectorFilesDirpath: name,
  sendMessageTypes: ['line'],
  recvMessageTypes: ['line'],
};
const called = new ConnectorManager({ ...common, isServer: true, serverSockaddr: addressOf(name) });
const calling = new ConnectorManager({
  ...common,
  isServer: false,
  clientName: name,
  serverSockaddr: addressOf(other),
});
const ways = [
  { connector: calling, api: calling.api(), to: {} },
  { connector: called, api: called.api(), to: { destinationId: other } },
];

// A line is sent again when nobody knows whether it has come. The ids of one sender rise, line by line: one that does not
// is a line that has come before.
let last = 0;
const listeners = await Promise.all(
  ways.map(({ api }) =>
    api.listen(
      'line',
      async (message) => {
        // An answer that nobody waits for any more comes here like any message: answering it would go on for ever.
        if (!message.awaitsResponse) return;
        const id = Number(message.requestId);
        if (id > last) console.log(`${other} says: ${message.text()}`);
        last = Math.max(last, id);
        await message.reply('heard');
      },
      // An answer that finds its connector gone is no reason to stop listening: the other side will ask again.
      {
        onError: (error) => console.error(`not answered: ${error instanceof Error ? error.message : error}`),
      },
    ),
  ),
);

/** Resolves when the program at the other side has the line, over whichever connection there is. */
async function say(line: string, requestId: number): Promise<void> {
  for (;;) {
    const way = ways.find(({ connector }) => connector.connectedPeers.length > 0);
    if (way === undefined) {
      await Promise.race(ways.map(({ connector }) => once(connector, 'connected')));
      continue;
    }
    try {
      await way.api.request({ ...way.to, messageType: 'line', data: line, requestId, timeoutMs: 5_000 });
      return;
    } catch (error) {
      console.error(`once more: ${error instanceof Error ? error.message : error}`);
    }
  }
}

await Promise.all(ways.map(({ connector }) => connector.start()));
console.log('ready');
let id = 0;
for await (const line of createInterface({ input: process.stdin })) {
  // Those of a program that was started again are higher, too.
  id = Math.max(id + 1, Date.now());
  await say(line, id);
}

await Promise.all(listeners.map((listener) => listener.stop()));
for (const { connector, api } of ways) {
  api.close();
  await connector.shutdown();
}
