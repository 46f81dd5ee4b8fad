/** A program on Redis Streams: `redis-program.ts PORT`. */
import { createClient, RESP_TYPES } from 'redis';
import { beProgram } from './program.ts';

const STREAM = 'bench';
const GROUP = 'listeners';
const BLOCK_MS = 1_000;
const [port = ''] = process.argv.slice(2);
const client = await createClient({ url: `redis://127.0.0.1:${port}` })
  .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  .connect();
// One that waits for messages can do nothing else.
const administrator = await client.duplicate().connect();

interface Read {
  readonly messages: readonly { readonly id: Buffer; readonly message: Readonly<Record<string, Buffer>> }[];
}

async function deliver(take: (data: Buffer) => void): Promise<void> {
  for (;;) {
    const read = (await client.xReadGroup(
      GROUP,
      'listener',
      { key: STREAM, id: '>' },
      { COUNT: 1_000, BLOCK: BLOCK_MS },
    )) as unknown as readonly Read[] | null;
    const messages = read?.[0]?.messages ?? [];
    for (const { message } of messages) take(message['data'] as Buffer);
    if (messages.length > 0)
      await client.xAck(
        STREAM,
        GROUP,
        messages.map(({ id }) => id),
      );
  }
}

beProgram({
  send: (data) => client.xAdd(STREAM, '*', { data }),
  listen: async (take) => {
    await client.xGroupCreate(STREAM, GROUP, '0', { MKSTREAM: true });
    void deliver(take);
  },
  clear: async () => {
    await administrator.xTrim(STREAM, 'MAXLEN', 0);
  },
});
