/** A program on Mosquitto: `mosquitto-program.ts PORT`, QoS 1. */
import { connectAsync } from 'mqtt';
import { beProgram } from './program.ts';

const TOPIC = 'bench';
const [port = ''] = process.argv.slice(2);
const client = await connectAsync(`mqtt://127.0.0.1:${port}`);

beProgram({
  send: (data) => client.publishAsync(TOPIC, data, { qos: 1 }),
  listen: async (take) => {
    client.on('message', (_topic, payload) => take(payload));
    await client.subscribeAsync(TOPIC, { qos: 1 });
  },
});
