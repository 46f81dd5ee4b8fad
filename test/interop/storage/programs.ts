/** What sends and listens on either connector of a column about storage. */
import type { TestContext } from 'node:test';
import { ConnectorAPI, type Listener, toAiocError } from '../../../engine/index.ts';
import type { PythonPeer } from '../../helpers/python-peer.ts';
import { PythonProgram } from '../../helpers/python-program.ts';
import type { Side } from '../matrix/side.ts';

/** Where a list of types is stored, `a` is in it and `b` is not. */
export const TYPES = ['a', 'b'] as const;
export type Type = (typeof TYPES)[number];
/** Comes behind what a peer has sent, so that our side knows that it has all of it. */
export const MARK = 'mark';

/** A message is known by its first word; what follows only makes it large. */
function wordOf(text: string): string {
  return text.split(' ')[0] ?? '';
}

/** A program at the peer. It listens all the time, whatever becomes of its connector. */
export interface PeerProgram {
  /** In order, of each type; from Python also of different types. */
  send(type: string, texts: readonly string[]): Promise<void>;
  /** The first words of all that has come so far. */
  got(type: Type): Promise<readonly string[]>;
}

export interface PeerProgramOptions {
  readonly side: Side;
  readonly destinationId: string;
}

export async function pythonPeerProgram(
  t: TestContext,
  python: PythonPeer,
  { side, destinationId }: PeerProgramOptions,
): Promise<PeerProgram> {
  const program = new PythonProgram(t, python, side.configFile);
  for (const message_type of TYPES) await program.do('collect', { message_type });
  return {
    send: async (message_type, texts) => {
      // Its connector sends nothing else before such a message is confirmed.
      const given = { message_type, destination_id: destinationId, data_is_json: false, wait_for_ack: true };
      const sent = await program.do('send_all', {
        messages: texts.map((data) => ({ ...given, data })),
        pause: 0,
      });
      if (sent !== texts.length) throw new Error(`Python sent ${sent} of ${texts.length}`);
    },
    got: async (message_type) => {
      const all = (await program.do('collected', { message_type, first: 0 })) as readonly { data: string }[];
      return all.map(({ data }) => wordOf(Buffer.from(data, 'hex').toString()));
    },
  };
}

export async function aiocPeerProgram(
  t: TestContext,
  { side, destinationId }: PeerProgramOptions,
): Promise<PeerProgram> {
  const api = await ConnectorAPI.fromConfig(side.configFile);
  t.after(() => api.close());
  const got = { a: [] as string[], b: [] as string[] };
  for (const type of TYPES) {
    const listener = await api.listen(type, (message) => {
      got[type].push(wordOf(message.text()));
    });
    t.after(() => listener.stop());
  }
  return {
    send: async (messageType, texts) => {
      for (const data of texts) await api.send({ messageType, destinationId, data });
    },
    got: (type) => Promise.resolve(got[type]),
  };
}

/** The program at our side, whose listeners come and go. */
export class OurProgram {
  readonly #api: ConnectorAPI;
  readonly #destinationId: string;
  readonly #marks = new Set<string>();
  #listeners: Listener[] = [];

  private constructor(api: ConnectorAPI, destinationId: string) {
    this.#api = api;
    this.#destinationId = destinationId;
  }

  static async start(t: TestContext, side: Side, destinationId: string): Promise<OurProgram> {
    const api = await ConnectorAPI.fromConfig(side.configFile);
    t.after(() => api.close());
    const program = new OurProgram(api, destinationId);
    const marks = await api.listen(MARK, (message) => {
      program.#marks.add(message.text());
    });
    t.after(() => marks.stop());
    t.after(() => program.stopListening());
    return program;
  }

  /** All at once. Gives what the connector says of each: what it promises, or the code of its refusal. */
  send(messageType: Type, texts: readonly string[]): Promise<readonly string[]> {
    return Promise.all(
      texts.map((data) =>
        this.#api
          .send({ messageType, destinationId: this.#destinationId, data })
          .then(String, (error: unknown) => toAiocError(error).code),
      ),
    );
  }

  hasMark(mark: string): boolean {
    return this.#marks.has(mark);
  }

  /** Listens to all types, until that is stopped, and gives what comes, by type. */
  async listen(): Promise<Readonly<Record<Type, readonly string[]>>> {
    const got = { a: [] as string[], b: [] as string[] };
    for (const type of TYPES) {
      this.#listeners.push(
        await this.#api.listen(type, (message) => {
          got[type].push(wordOf(message.text()));
        }),
      );
    }
    return got;
  }

  async stopListening(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) {
      await listener.stop();
      await listener.closed;
    }
  }
}
