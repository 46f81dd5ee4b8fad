/** A program on Mosquitto: `mosquitto-program.ts PORT`, QoS 1. */
import { connectAsync } from 'mqtt';
import { beDriven } from './driven.ts';
import { Counter, nowMs, numbered } from './numbered.ts';
import { SendWindow } from './send-window.ts';

const TOPIC = 'bench';
const [port = ''] = process.argv.slice(2);
const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
const counter = new Counter();
client.on('message', (_topic, payload) => counter.add(payload.toString()));

beDriven({
  send: async ({ count }: { count: number }) => {
    const startedAtMs = nowMs();
    const window = new SendWindow<unknown>();
    for (let number = 0; number < count; number += 1)
      await window.add(() => client.publishAsync(TOPIC, numbered(number), { qos: 1 }));
    await window.end();
    return { startedAtMs };
  },
  listen: async () => {
    await client.subscribeAsync(TOPIC, { qos: 1 });
  },
  expect: ({ count }: { count: number }) => counter.expect(count),
  all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
});
