/** A program on aioc's library: `aioc-program.ts CONFIG`. */
import { ConnectorAPI } from '../../../source/index.ts';
import { beDriven } from './driven.ts';
import { Counter, nowMs, numbered } from './numbered.ts';

/** Sends that are under way at once. */
const WINDOW = 1_000;

const api = await ConnectorAPI.fromConfig(process.argv[2] as string);
const counter = new Counter();

interface Sending {
  readonly count: number;
  readonly to?: string;
  readonly awaited?: boolean;
  readonly waitForAck?: boolean;
}

async function send({ count, to, awaited = false, waitForAck = false }: Sending): Promise<unknown> {
  const window = new Array<Promise<unknown> | undefined>(awaited ? 1 : WINDOW);
  const startedAtMs = nowMs();
  for (let number = 0; number < count; number += 1) {
    await window[number % window.length];
    const data = numbered(number);
    window[number % window.length] = api.send(
      to === undefined
        ? { messageType: 'any', waitForAck, data }
        : { messageType: 'any', destinationId: to, waitForAck, data },
    );
  }
  await Promise.all(window);
  return { startedAtMs };
}

async function ask({ count, to }: { readonly count: number; readonly to?: string }): Promise<number[]> {
  const message = { messageType: 'any', ...(to !== undefined && { destinationId: to }) };
  const took: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const startedAt = performance.now();
    await api.request({ ...message, data: numbered(number) });
    took.push(performance.now() - startedAt);
  }
  return took;
}

beDriven({
  send,
  ask,
  listen: async () => {
    await api.listen('any', (message) => {
      if (message.awaitsResponse) return message.reply(message.data);
      counter.add(message.text());
    });
  },
  expect: ({ count }: { count: number }) => counter.expect(count),
  all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
});
