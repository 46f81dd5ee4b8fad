/** A program on NATS: `nats-program.ts PORT DIRECTORY core|jetstream`, over TLS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AckPolicy, connect, DeliverPolicy, nanos, StorageType } from 'nats';
import { type Access, beProgram } from './program.ts';

const SUBJECT = 'bench';
const STREAM = 'BENCH';
const [port = '', directory = '', kind = 'core'] = process.argv.slice(2);
const ca = readFileSync(join(directory, 'server.pem'), 'utf8');
const connection = await connect({ servers: `127.0.0.1:${port}`, tls: { ca } });

const core: Access = {
  publish: (data) => connection.publish(SUBJECT, data),
  flush: () => connection.flush(),
  request: (data) => connection.request(SUBJECT, data),
  listen: async (take) => {
    connection.subscribe(SUBJECT, {
      callback: (_error, message) => {
        if (message.reply) message.respond(message.data);
        else take(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length));
      },
    });
    await connection.flush();
  },
};

const stream = connection.jetstream();

async function deliver(take: (data: Buffer) => void): Promise<void> {
  const consumer = await stream.consumers.get(STREAM, 'listener');
  for await (const message of await consumer.consume({ max_messages: 1_000 })) {
    take(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length));
    message.ack();
  }
}

const jetStream: Access = {
  send: (data) => stream.publish(SUBJECT, data),
  listen: async (take) => {
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: STREAM, subjects: [SUBJECT], storage: StorageType.File });
    await manager.consumers.add(STREAM, {
      durable_name: 'listener',
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(60_000),
      max_ack_pending: 10_000,
    });
    void deliver(take);
  },
  clear: async () => {
    await (await connection.jetstreamManager()).streams.purge(STREAM);
  },
};

beProgram(kind === 'core' ? core : jetStream);
