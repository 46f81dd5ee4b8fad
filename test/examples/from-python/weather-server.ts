// Takes readings of weather stations, answers questions about them, and gives orders. Connector and program are one process.
// Usage: weather-server.ts server.json
import { ConnectorManager } from 'aioc';

const connector = await ConnectorManager.fromConfig(process.argv[2] ?? 'server.json');
const api = connector.api();
const readings = new Map<string, number[]>();

async function giveOrder(station: string, order: string): Promise<void> {
  const answer = await api.request({ messageType: 'order', destinationId: station, data: order });
  console.log(`${station} answers: ${answer.text()}`);
}

await api.listen('reading', (message) => {
  const station = message.sourceId ?? '';
  const { celsius } = message.json<{ celsius: number }>();
  readings.set(station, [...(readings.get(station) ?? []), celsius]);
  console.log(`${station}: ${celsius} degrees, ${message.binary?.length ?? 0} bytes of picture`);
  // Not awaited here: the next reading comes when this handler is done.
  if (celsius > 30) void giveOrder(station, 'open the roof').catch(console.error);
});

await api.listen('question', async (message) => {
  const known = readings.get(message.sourceId ?? '') ?? [];
  const highest = known.length === 0 ? null : Math.max(...known);
  await message.reply({ question: message.text(), count: known.length, highest });
});

await connector.start();
console.log('listening');
