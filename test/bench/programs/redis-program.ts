/** A program on Redis Streams: `redis-program.ts PORT`. */
import { createClient } from 'redis';
import { beDriven } from './driven.ts';
import { Counter, nowMs, numbered } from './numbered.ts';
import { SendWindow } from './send-window.ts';

const STREAM = 'bench';
const GROUP = 'listeners';
const BLOCK_MS = 1_000;
const [port = ''] = process.argv.slice(2);
const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
const counter = new Counter();

interface Read {
  readonly messages: readonly { readonly id: string; readonly message: Readonly<Record<string, string>> }[];
}

async function listen(): Promise<void> {
  for (;;) {
    const read = (await client.xReadGroup(
      GROUP,
      'listener',
      { key: STREAM, id: '>' },
      { COUNT: 1_000, BLOCK: BLOCK_MS },
    )) as readonly Read[] | null;
    const messages = read?.[0]?.messages ?? [];
    for (const { message } of messages) counter.add(message['data'] as string);
    if (messages.length > 0)
      await client.xAck(
        STREAM,
        GROUP,
        messages.map(({ id }) => id),
      );
  }
}

beDriven({
  send: async ({ count }: { count: number }) => {
    const startedAtMs = nowMs();
    const window = new SendWindow<string>();
    for (let number = 0; number < count; number += 1)
      await window.add(() => client.xAdd(STREAM, '*', { data: numbered(number) }) as Promise<string>);
    await window.end();
    return { startedAtMs };
  },
  listen: async () => {
    await client.xGroupCreate(STREAM, GROUP, '0', { MKSTREAM: true });
    void listen();
  },
  expect: ({ count }: { count: number }) => counter.expect(count),
  all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
});
