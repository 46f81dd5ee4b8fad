import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { freePort } from '../../helpers/free-port.ts';
import type { PythonPeer } from '../../helpers/python-peer.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { CLIENT, type Kinds, prepareHomes } from '../matrix/place.ts';
import { Side } from '../matrix/side.ts';
import type { ColumnName, Persistence } from './cells.ts';
import {
  aiocPeerProgram,
  MARK,
  OurProgram,
  type PeerProgram,
  pythonPeerProgram,
  TYPES,
  type Type,
} from './programs.ts';

const PATIENT_MS = 30_000;
/** Two large messages fit into it, with what goes along with them, and no third. */
const QUEUE_BYTES = 3_000;

export interface ColumnOptions extends ColumnName {
  /** Under mutual TLS; without TLS otherwise. */
  readonly tls: boolean;
  readonly python: PythonPeer | undefined;
}

/** By type: what is told, or what has come. */
export type ByType<Value> = Readonly<Record<Type, Value>>;

/** A connector of ours that stores or not, its peer, and a program at each of the two. */
export class StorageColumn {
  readonly persistence: Persistence;
  readonly ours: Side;
  readonly peer: Side;
  readonly #program: OurProgram;
  readonly #peerProgram: PeerProgram;
  #lastMark = 0;

  private constructor(options: {
    readonly persistence: Persistence;
    readonly ours: Side;
    readonly peer: Side;
    readonly program: OurProgram;
    readonly peerProgram: PeerProgram;
  }) {
    this.persistence = options.persistence;
    this.ours = options.ours;
    this.peer = options.peer;
    this.#program = options.program;
    this.#peerProgram = options.peerProgram;
  }

  /** Both connectors run and are connected when this resolves. Between two of ours the client is the one to look at. */
  static async start(t: TestContext, options: ColumnOptions): Promise<StorageColumn> {
    const { persistence, python } = options;
    const { server, client, pythonIs } = await prepare(t, options);
    const [ours, peer] = pythonIs === 'client' ? [server, client] : [client, server];
    await ours.start();
    await peer.start();
    const program = await OurProgram.start(t, ours, peer.name);
    const peerOptions = { side: peer, destinationId: ours.name };
    const peerProgram =
      pythonIs === undefined || python === undefined
        ? await aiocPeerProgram(t, peerOptions)
        : await pythonPeerProgram(t, python, peerOptions);
    const column = new StorageColumn({ persistence, ours, peer, program, peerProgram });
    await column.linked();
    return column;
  }

  isStored(type: Type): boolean {
    const { persistence } = this;
    return typeof persistence === 'boolean' ? persistence : (persistence as readonly string[]).includes(type);
  }

  /** For each type one thing or the other, as that type is stored or not. */
  whereStored<Value>(stored: Value, otherwise: Value): ByType<Value> {
    const value = (type: Type): Value => (this.isStored(type) ? stored : otherwise);
    return { a: value('a'), b: value('b') };
  }

  async linked(): Promise<void> {
    const { ours, peer } = this;
    await until('the two to be connected', async () => {
      return peer.name in (await ours.peers()) && ours.name in (await peer.peers());
    });
  }

  /** Kills the peer's connector, once ours has nothing more to send to it. */
  async losePeer(): Promise<void> {
    await until('the confirmations', async () => (await this.ours.waiting()) === 0);
    await this.peer.kill();
    await until('the peer to be away', async () => !(this.peer.name in (await this.ours.peers())));
  }

  async peerBack(): Promise<void> {
    await this.peer.start();
    await this.linked();
  }

  /** Kills our connector with -9, and starts it again: with other settings, if that is asked for. */
  async restartOurs(changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    await this.ours.kill();
    this.ours.reconfigure(changes);
    await this.ours.start();
  }

  /** Sends them from our side, under each type. */
  async send(texts: readonly string[]): Promise<ByType<readonly string[]>> {
    return { a: await this.#program.send('a', texts), b: await this.#program.send('b', texts) };
  }

  /** Sends them from the peer, under each type, and does not wait: a peer of Python's sends nothing behind what is held. */
  async peerHandsOver(texts: readonly string[]): Promise<void> {
    for (const type of TYPES) await this.#peerProgram.send(type, texts);
  }

  /** Sends them from the peer, under each type. A peer that is aioc keeps what is not stored here until it is taken. */
  async peerSends(texts: readonly string[]): Promise<void> {
    await this.peerHandsOver(texts);
    this.#lastMark += 1;
    const mark = `mark ${this.#lastMark}`;
    await this.#peerProgram.send(MARK, [mark]);
    await until('all that the peer has sent', () => this.#program.hasMark(mark));
  }

  async waits(where: 'for the peer' | 'for a listener', wanted: ByType<number>): Promise<void> {
    const { ours } = this;
    await until(`${wanted.a + wanted.b} to wait ${where}`, async () => {
      const count = await (where === 'for the peer' ? ours.waiting() : ours.untaken());
      return count === wanted.a + wanted.b;
    });
  }

  async waitsAtLeast(count: number): Promise<void> {
    await until(`${count} to wait for a listener`, async () => (await this.ours.untaken()) >= count);
  }

  /** Our log, from here on, says that so many of each type were dropped. */
  countsDropped(): (wanted: ByType<number>) => Promise<void> {
    const before = this.ours.log().length;
    return async (wanted) => {
      const told = (): string[] =>
        this.ours
          .log()
          .slice(before)
          .match(/type \w were dropped: .* so far/g) ?? [];
      for (const type of TYPES) {
        const count = wanted[type];
        const isTold = (line: string): boolean =>
          line.startsWith(`type ${type} `) && line.endsWith(`(${count} so far`);
        if (count > 0) await until(`${count} to be told`, () => told().some(isTold));
        else
          assert.deepEqual(
            told().filter((line) => line.startsWith(`type ${type} `)),
            [],
          );
      }
    };
  }

  /**
   * Sees those arrive at the peer, in order and nothing else. `first` names what is looked at: the words begin with it.
   * To know that no more come, one message more is sent behind them.
   */
  async arriveAtPeer(first: string, wanted: ByType<readonly string[]>): Promise<void> {
    const got = async (type: Type): Promise<readonly string[]> =>
      (await this.#peerProgram.got(type)).filter((word) => word.startsWith(first));
    await until('what waited', async () => {
      for (const type of TYPES) if ((await got(type)).length < wanted[type].length) return false;
      return true;
    });
    const last = `${first}-last`;
    await this.send([last]);
    for (const type of TYPES) {
      await until('the last one', async () => (await got(type)).includes(last));
      assert.deepEqual(await got(type), [...wanted[type], last], `under ${type}`);
    }
  }

  /** Begins to listen at our side, and sees those arrive, in order and nothing else, and one more that is sent then. */
  async arriveAtListener(first: string, wanted: ByType<readonly string[]>): Promise<void> {
    const got = await this.#program.listen();
    try {
      await until('what waited', () => TYPES.every((type) => got[type].length >= wanted[type].length));
      const last = `${first}-last`;
      await this.peerSends([last]);
      for (const type of TYPES) {
        await until('the last one', () => got[type].includes(last));
        assert.deepEqual(got[type], [...wanted[type], last], `under ${type}`);
      }
    } finally {
      await this.#program.stopListening();
    }
    await until('the queues to be empty', async () => (await this.ours.untaken()) === 0);
  }
}

function until(what: string, condition: () => boolean | Promise<boolean>): Promise<unknown> {
  return waitFor(condition, { timeoutMs: PATIENT_MS, what });
}

async function prepare(
  t: TestContext,
  { pairing, persistence, tls, python }: ColumnOptions,
): Promise<{ server: Side; client: Side; pythonIs: 'server' | 'client' | undefined }> {
  const [serverKind] = pairing.split(' + ');
  const pythonIs = pairing === 'aioc + aioc' ? undefined : serverKind === 'Python' ? 'server' : 'client';
  const kinds: Kinds = {
    server: pythonIs === 'server' ? python : undefined,
    client: pythonIs === 'client' ? python : undefined,
  };
  const { home, clientHome } = await prepareHomes(t, tls ? 'own certificate' : 'no TLS', kinds.server);
  const port = await freePort();
  const types = [...TYPES, MARK];
  const common = {
    server_sockaddr: ['127.0.0.1', port],
    use_ssl: tls,
    ssl_allow_all: false,
    send_message_types: types,
    recv_message_types: types,
    debug_msg_counts: false,
  };
  const ourKeys = {
    disk_persistence_send: persistence,
    disk_persistence_recv: persistence,
    max_size_persistence_path: QUEUE_BYTES,
    when_full: 'refuse',
  };
  const peerKeys = { disk_persistence_send: false, disk_persistence_recv: false };
  const side = (role: 'server' | 'client', name: string, directory: string): Side => {
    const isOurs = role === (pythonIs === 'client' ? 'server' : 'client');
    return new Side(t, {
      role,
      name,
      directory,
      config: {
        ...common,
        ...(isOurs ? ourKeys : peerKeys),
        is_server: role === 'server',
        ...(role === 'client' && { client_name: name }),
      },
      ...(kinds[role] !== undefined && { python: kinds[role] }),
    });
  };
  const serverName = `('127.0.0.1', ${port})`;
  return { server: side('server', serverName, home), client: side('client', CLIENT, clientHome), pythonIs };
}
