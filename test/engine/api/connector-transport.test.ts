import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectorLocator } from '../../../engine/api/connector-locator.ts';
import { ConnectorTransport } from '../../../engine/api/connector-transport.ts';
import { SendBatcher } from '../../../engine/api/send-batcher.ts';
import { realClock } from '../../../engine/base/real-ports.ts';
import { parseLocalFrame } from '../../../engine/local/local-frames.ts';
import { PacketWriter } from '../../../engine/local/native/packet-writer.ts';
import { jsonBody, PacketReader } from '../../../engine/local/native/packets.ts';
import { nativeSocketPath, sendSocketPath } from '../../../engine/local/socket-names.ts';
import { FakeConnector } from '../../helpers/fake-connector.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const owner = { role: 'client', name: 'edge' } as const;

/** A connector that opens its sockets, its own one first, right after a program has looked for that in vain. */
class StartingConnector {
  /** What has come over either socket, in the order in which it came. */
  readonly arrived: string[] = [];
  readonly #t: TestContext;
  readonly #directory: string;
  readonly locator: ConnectorLocator;
  #isUp = false;

  constructor(t: TestContext) {
    this.#t = t;
    this.#directory = tempDir(t);
    this.locator = new ConnectorLocator({ clientName: 'edge', connectorFilesDirpath: this.#directory });
    const connect = this.locator.connect.bind(this.locator);
    this.locator.connect = async (pathIn) => {
      try {
        // Whoever takes the other socket meanwhile would overtake.
        for (let turn = 0; pathIn === sendSocketPath && turn < 50; turn += 1) await nextTurn();
        return await connect(pathIn);
      } finally {
        if (!this.#isUp) await this.#start();
      }
    };
  }

  async #start(): Promise<void> {
    this.#isUp = true;
    const server = net.createServer((socket) => this.#program(socket));
    await new Promise<void>((resolve) => {
      server.listen(nativeSocketPath(this.#directory, owner), resolve);
    });
    this.#t.after(() => server.close());
    await FakeConnector.start(this.#t, {
      directory: this.#directory,
      owner,
      onFrame: ({ data }) => {
        this.arrived.push(data.toString());
        return undefined;
      },
    });
  }

  #program(socket: net.Socket): void {
    const reader = new PacketReader();
    const writer = new PacketWriter(socket);
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
        if (packet.kind === 'send') this.arrived.push(parseLocalFrame(packet.body).data.toString());
        writer.write('done', packet.number, jsonBody(packet.kind === 'send' ? { outcome: 'stored' } : {}));
      }
    });
    this.#t.after(() => socket.destroy());
  }
}

test('what is sent while a connector opens its sockets keeps its order, and is told to be stored', async (t) => {
  const connector = new StartingConnector(t);
  const way = new ConnectorTransport({ locator: connector.locator, clock: realClock(), keepSocket: true });
  t.after(() => way.close());
  const batcher = new SendBatcher(way, 'edge');
  const sent = Array.from({ length: 20 }, (_, index) => String(index));
  const outcomes = await Promise.all(sent.map((data) => batcher.send({ messageType: 'any', data }, 'x')));
  await waitFor(() => connector.arrived.length === sent.length, { what: 'all of them' });
  assert.deepEqual(connector.arrived, sent);
  assert.deepEqual(new Set(outcomes), new Set(['stored']));
});
