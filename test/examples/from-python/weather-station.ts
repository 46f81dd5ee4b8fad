// Sends readings, answers an order, and asks a question. Its connector is another process: Python's or aioc's.
// Usage: weather-station.ts client.json
import { EventEmitter, once } from 'node:events';
import { ConnectorAPI } from 'aioc';

const api = await ConnectorAPI.fromConfig(process.argv[2] ?? 'client.json');
const ordered = new EventEmitter();

const orders = await api.listen('order', async (message) => {
  console.log(`ordered: ${message.text()}`);
  await message.reply(`done: ${message.text()}`);
  ordered.emit('done');
});
const done = once(ordered, 'done');
for (const celsius of [21.5, 28, 31]) {
  await api.send({
    messageType: 'reading',
    data: { celsius },
    binary: Buffer.alloc(200, '\x00\xff', 'latin1'),
  });
}
await done;

const answer = await api.request({ messageType: 'question', data: 'How hot was it?', requestId: 1 });
const { count, highest } = answer.json<{ count: number; highest: number }>();
console.log(`${count} readings, ${highest} degrees at most`);
await orders.stop();
api.close();
