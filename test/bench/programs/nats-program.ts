/** A program on NATS: `nats-program.ts PORT DIRECTORY core|jetstream`, over TLS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AckPolicy, connect, DeliverPolicy, nanos, type PubAck, StorageType } from 'nats';
import { beDriven } from './driven.ts';
import { Counter, nowMs, numbered } from './numbered.ts';
import { SendWindow } from './send-window.ts';

const SUBJECT = 'bench';
const [port = '', directory = '', kind = 'core'] = process.argv.slice(2);
const ca = readFileSync(join(directory, 'server.pem'), 'utf8');
const connection = await connect({ servers: `127.0.0.1:${port}`, tls: { ca } });
const stream = connection.jetstream();
const counter = new Counter();

async function sendCore(count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    connection.publish(SUBJECT, numbered(number));
    // The client keeps everything in memory that it cannot write: a pause lets it.
    if (number % SendWindow.size === SendWindow.size - 1) await connection.flush();
  }
  await connection.flush();
}

async function sendConfirmed(count: number): Promise<void> {
  const window = new SendWindow<PubAck>();
  for (let number = 0; number < count; number += 1)
    await window.add(() => stream.publish(SUBJECT, numbered(number)));
  await window.end();
}

async function listenToStream(): Promise<void> {
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: 'BENCH', subjects: [SUBJECT], storage: StorageType.File });
  await manager.consumers.add('BENCH', {
    durable_name: 'listener',
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(60_000),
    max_ack_pending: 10_000,
  });
  const consumer = await stream.consumers.get('BENCH', 'listener');
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    counter.add(message.string());
    message.ack();
  }
}

beDriven({
  send: async ({ count }: { count: number }) => {
    const startedAtMs = nowMs();
    await (kind === 'core' ? sendCore(count) : sendConfirmed(count));
    return { startedAtMs };
  },
  listen: async () => {
    if (kind !== 'core') {
      void listenToStream();
      return;
    }
    connection.subscribe(SUBJECT, { callback: (_error, message) => counter.add(message.string()) });
    await connection.flush();
  },
  expect: ({ count }: { count: number }) => counter.expect(count),
  all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
});
