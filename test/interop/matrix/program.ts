import type { TestContext } from 'node:test';
import type { SendOptions } from '../../../engine/index.ts';
import { ConnectorAPI } from '../../../source/index.ts';
import type { PythonPeer } from '../../helpers/python-peer.ts';
import { PythonProgram } from '../../helpers/python-program.ts';

/** A message to send, for programs of both languages. Bytes go as they are, strings as UTF-8, anything else as JSON. */
export interface Outgoing {
  readonly type: string;
  readonly data: unknown;
  readonly tag?: string;
  readonly binary?: Buffer;
  readonly waitForAck?: boolean;
  readonly requestId?: number;
  /** `delete` is left to the language's own default when it is not given. */
  readonly file?: { readonly path: string; readonly name: string; readonly delete?: boolean };
}

export interface Got {
  readonly header: Readonly<Record<string, unknown>>;
  readonly data: Buffer;
  readonly binary: Buffer;
}

interface Answer {
  readonly header: Readonly<Record<string, unknown>>;
  readonly data: Buffer;
}

interface Pace {
  /** Undefined: as fast as it goes. */
  readonly perSecond: number | undefined;
}

/** An application on one of the two connectors. It keeps what it is sent, and sends each request back to its sender. */
export interface Program {
  readonly language: 'Python' | 'TypeScript';
  /** All that has come under a type so far. */
  got(type: string): Promise<readonly Got[]>;
  /** Sends one after another; resolves when the connector has them. */
  send(messages: readonly Outgoing[], pace?: Pace): Promise<void>;
  /** Sends requests, several at a time, and gives the responses in the same order; undefined for one that did not come. */
  request(messages: readonly Outgoing[], pace?: Pace): Promise<readonly (Answer | undefined)[]>;
  /** Python's own tool, where the program is in Python. */
  pythonTool(name: string, ...args: readonly unknown[]): Promise<unknown>;
}

/** Types that come to a program: what it only keeps, and what it answers. */
export const KEPT = 'any';
export const ANSWERED = 'ask';
const REQUESTS_AT_ONCE = 25;
const RESPONSE_MS = 20_000;

export interface ProgramOptions {
  /** A connector's configuration file, which serves its programs too. */
  readonly config: string;
  /** The peer's name. */
  readonly destination: string;
}

export async function typeScriptProgram(t: TestContext, options: ProgramOptions): Promise<Program> {
  const api = await ConnectorAPI.fromConfig(options.config);
  t.after(() => api.close());
  const kept = new Map<string, Got[]>();
  for (const type of [KEPT, ANSWERED]) {
    const got: Got[] = [];
    kept.set(type, got);
    const listener = await api.listen(type, async (message) => {
      const { header, data, binary = Buffer.alloc(0) } = message;
      got.push({ header, data, binary });
      if (type === ANSWERED) await message.reply(data);
    });
    t.after(() => listener.stop());
  }
  const given = (message: Outgoing): SendOptions => forTypeScript(message, options.destination);
  return {
    language: 'TypeScript',
    got: (type) => Promise.resolve(kept.get(type) ?? []),
    send: async (messages, { perSecond } = { perSecond: undefined }) => {
      for await (const message of paced(messages, perSecond)) await api.send(given(message));
    },
    request: async (messages, { perSecond } = { perSecond: undefined }) => {
      const asked: Promise<Answer | undefined>[] = [];
      const waiting = new Set<Promise<unknown>>();
      for await (const message of paced(messages, perSecond)) {
        const answer: Promise<Answer | undefined> = api
          .request({ ...given(message), timeoutMs: RESPONSE_MS })
          .catch(() => undefined)
          .finally(() => waiting.delete(answer));
        waiting.add(answer);
        asked.push(answer);
        if (waiting.size >= REQUESTS_AT_ONCE) await Promise.race(waiting);
      }
      return Promise.all(asked);
    },
    pythonTool: () => Promise.reject(new Error('a program in TypeScript has no tool of Python’s')),
  };
}

export async function pythonProgram(
  t: TestContext,
  python: PythonPeer,
  { config, destination }: ProgramOptions,
): Promise<Program> {
  const program = new PythonProgram(t, python, config);
  const kept = new Map<string, Got[]>();
  for (const message_type of [KEPT, ANSWERED]) {
    kept.set(message_type, []);
    await program.do('collect', { message_type, answer: message_type === ANSWERED });
  }
  const given = (messages: readonly Outgoing[], { perSecond }: Pace): Record<string, unknown> => ({
    messages: messages.map((message) => forPython(message, destination)),
    pause: perSecond === undefined ? 0 : 1 / perSecond,
  });
  return {
    language: 'Python',
    got: async (type) => {
      const all = kept.get(type) ?? [];
      const first = all.length;
      const more = (await program.do('collected', { message_type: type, first })) as readonly InHex[];
      // Another call may have fetched the same meanwhile.
      all.push(...more.slice(all.length - first).map(fromHex));
      return all;
    },
    send: async (messages, pace = { perSecond: undefined }) => {
      const sent = await program.do('send_all', given(messages, pace));
      if (sent !== messages.length) throw new Error(`Python sent ${sent} of ${messages.length}`);
    },
    request: async (messages, pace = { perSecond: undefined }) => {
      const asked = { ...given(messages, pace), at_once: REQUESTS_AT_ONCE };
      const answers = (await program.do('request_all', asked)) as readonly (InHex | null)[];
      return answers.map((answer) => (answer === null ? undefined : fromHex(answer)));
    },
    pythonTool: (name, ...args) => program.do('tool', { name, args }),
  };
}

interface InHex {
  readonly header: Readonly<Record<string, unknown>>;
  readonly data: string;
  readonly binary?: string;
}

function fromHex({ header, data, binary = '' }: InHex): Got {
  return { header, data: Buffer.from(data, 'hex'), binary: Buffer.from(binary, 'hex') };
}

function forTypeScript(message: Outgoing, destinationId: string): SendOptions {
  const { type, data, tag, binary, waitForAck, requestId, file } = message;
  return {
    messageType: type,
    destinationId,
    data,
    ...(tag !== undefined && { tag }),
    ...(binary !== undefined && { binary }),
    ...(waitForAck && { waitForAck }),
    ...(requestId !== undefined && { requestId }),
    ...(file !== undefined && {
      withFile: {
        srcPath: file.path,
        dstType: 'any',
        dstName: file.name,
        ...(file.delete !== undefined && { delete: file.delete }),
      },
    }),
  };
}

function forPython(message: Outgoing, destination_id: string): Record<string, unknown> {
  const { type, data, tag, binary, waitForAck, requestId, file } = message;
  const isBytes = data instanceof Uint8Array;
  return {
    message_type: type,
    destination_id,
    data_is_json: typeof data !== 'string' && !isBytes,
    ...(isBytes ? { data_hex: Buffer.from(data).toString('hex') } : { data }),
    ...(tag !== undefined && { tag }),
    ...(binary !== undefined && { binary_hex: binary.toString('hex') }),
    ...(waitForAck && { wait_for_ack: true }),
    ...(requestId !== undefined && { request_id: requestId }),
    ...(file !== undefined && {
      with_file: {
        src_path: file.path,
        dst_type: 'any',
        dst_name: file.name,
        ...(file.delete !== undefined && { delete: file.delete }),
      },
    }),
  };
}

/** The items, no more of them a second than that. */
async function* paced<T>(items: readonly T[], perSecond: number | undefined): AsyncGenerator<T> {
  const startedAt = performance.now();
  for (const [index, item] of items.entries()) {
    const dueMs = perSecond === undefined ? 0 : startedAt + (index * 1_000) / perSecond - performance.now();
    if (dueMs > 1) await new Promise((resolve) => setTimeout(resolve, dueMs));
    yield item;
  }
}
