import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConnectorAPI } from '../../../engine/api/connector-api.ts';
import { ConnectorRemoteTool } from '../../../engine/api/remote-tool.ts';
import { LIMITS } from '../../../engine/base/limits.ts';
import { type LocalEvent, LocalFrameReader } from '../../../engine/local/local-frames.ts';
import { encodePacket, jsonBody } from '../../../engine/local/native/packets.ts';
import { receiveSocketPath } from '../../../engine/local/socket-names.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { type ConfiguredSide, configuredPair } from '../../helpers/configured-connectors.ts';
import { frameWith, MALFORMED, u32 } from '../../helpers/malformed-frames.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const MIB = 1024 ** 2;
const PATIENT = { timeoutMs: 90_000 };

/** A frame as a program of aioc's library would hand it over. */
const packet = (frame: Buffer): Buffer =>
  Buffer.concat([
    ...encodePacket({ kind: 'hello', number: 1, body: jsonBody({ protocol: 1 }) }),
    ...encodePacket({ kind: 'send', number: 2, body: frame.subarray(4) }),
  ]);

const command = (text: string | Buffer): Buffer =>
  Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);

/** A connection that has said something, and whether the other side has closed it. */
interface Intruder {
  readonly socket: net.Socket;
  readonly isClosed: () => boolean;
  readonly heard: () => Buffer;
}

async function intrude(t: TestContext, path: string, bytes: Buffer = Buffer.alloc(0)): Promise<Intruder> {
  const socket = net.connect({ path });
  t.after(() => socket.destroy());
  let closed = false;
  const heard: Buffer[] = [];
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  for (const event of ['end', 'close']) {
    socket.once(event, () => {
      closed = true;
    });
  }
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  if (bytes.length > 0) socket.write(bytes);
  return { socket, isClosed: () => closed, heard: () => Buffer.concat(heard) };
}

const runOf = (side: ConfiguredSide, name: string): string => join(side.directory, 'run', name);
const sendSocket = (client: ConfiguredSide): string =>
  runOf(client, 'uds_path_send_to_connector_client_client1');
const ownSocket = (client: ConfiguredSide): string => runOf(client, 'aioc_local_client_client1');
const commander = (client: ConfiguredSide): string => runOf(client, 'uds_path_commander_client1');

const warnings = (side: ConfiguredSide, text: RegExp): number =>
  side
    .log()
    .filter((row) => row.outcome === 'warning' && text.test(row.text))
    .reduce((sum, { repeats = 1 }) => sum + repeats, 0);

const logged = (side: ConfiguredSide, text: RegExp, times = 1): Promise<unknown> =>
  waitFor(() => warnings(side, text) >= times, { ...PATIENT, what: `${text} in the log` });

/** Programs that count, from the client to the server, beside whatever else goes on. */
interface RealPrograms {
  /** Sends the next number and waits until it has come, and nothing besides the numbers before it. */
  goOn(): Promise<void>;
}

async function realPrograms(
  t: TestContext,
  server: ConfiguredSide,
  client: ConfiguredSide,
): Promise<RealPrograms> {
  const atServer = await ConnectorAPI.fromConfig(server.configPath);
  const atClient = await ConnectorAPI.fromConfig(client.configPath);
  t.after(() => atServer.close());
  t.after(() => atClient.close());
  const got: string[] = [];
  const listener = await atServer.listen('any', ({ data }) => {
    got.push(data.toString());
  });
  t.after(() => listener.stop());
  let next = 0;
  return {
    goOn: async () => {
      await atClient.send({ messageType: 'any', data: String(next) });
      next += 1;
      const wanted = Array.from({ length: next }, (_, number) => String(number));
      await waitFor(() => got.length >= next, { ...PATIENT, what: `message ${next - 1}` });
      assert.deepEqual(got, wanted);
    },
  };
}

/** Dropped, while the connection stays. */
const DROPPED_FRAMES: readonly (readonly [string, Buffer, RegExp])[] = [
  ['constructor as a type', frameWith('{"message_type": "constructor"}'), /the type constructor is not in/],
  [
    'a type of the protocol',
    frameWith('{"message_type": "_handshake_ssl"}'),
    /the type _handshake_ssl is not in/,
  ],
  ['an error of its own', frameWith('{"error": "x"}'), /not in send_message_types/],
  [
    '4 GiB',
    Buffer.concat([u32(0xffff_ffff), frameWith('{"message_type": "any"}').subarray(4)]),
    /local program: it has 42949672\d\d bytes, and max_size_message/,
  ],
];

const BAD_COMMANDS: readonly (readonly [string, Buffer, RegExp])[] = [
  ['constructor', command('{"cmd": "constructor", "kwargs": {}}'), /unknown command constructor /],
  ['__proto__', command('{"cmd": "__proto__", "kwargs": {"__proto__": 1}}'), /unknown command __proto__ /],
  ['toString', command('{"cmd": "toString"}'), /unknown command toString /],
  ['no JSON', command(Buffer.from([0xff, 0xfe, 0])), /unknown command \(not JSON\)/],
  ['null', command('null'), /unknown command \(not JSON\)/],
  ['an object as its name', command('{"cmd": {"toString": 1}}'), /unknown command/],
  ['a long name', command(`{"cmd": "${'x'.repeat(60_000)}"}`), /unknown command x{80} /],
  [
    'nesting',
    command(`{"cmd": "deep", "kwargs": ${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
    /command deep /,
  ],
  ['4 GiB', Buffer.concat([u32(0xffff_ffff), Buffer.from('x')]), /command of 4294967295 bytes/],
];

test('whatever is written to its unix sockets, a connector stays alive, names it in the log, and real programs go on', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const programs = await realPrograms(t, server, client);
  const tool = await ConnectorRemoteTool.fromConfig(client.configPath);
  await programs.goOn();
  const rssBefore = process.memoryUsage.rss();

  for (const { what, bytes, named } of MALFORMED) {
    const before = warnings(client, named);
    for (const [name, intruding] of [
      ['Python’s socket', await intrude(t, sendSocket(client), bytes)],
      ['our socket', await intrude(t, ownSocket(client), packet(bytes))],
    ] as const) {
      await waitFor(intruding.isClosed, { what: `the connection with ${what} to ${name} to be closed` });
    }
    await logged(client, named, before + 2);
  }
  for (const [, bytes, text] of DROPPED_FRAMES) {
    await intrude(t, sendSocket(client), bytes);
    await logged(client, text);
  }
  for (const [what, bytes, text] of BAD_COMMANDS) {
    const { isClosed } = await intrude(t, commander(client), bytes);
    await logged(client, text);
    await waitFor(isClosed, { what: `the connection with ${what} to be closed` });
  }
  await programs.goOn();

  for (let round = 0; round < 200; round += 1) {
    const { socket } = await intrude(
      t,
      round % 2 ? sendSocket(client) : commander(client),
      randomBytes(1 + round * 20),
    );
    if (round % 3 === 0) socket.destroy();
  }
  await programs.goOn();

  const idle = await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      intrude(t, index % 2 ? sendSocket(client) : commander(client)),
    ),
  );
  await programs.goOn();
  assert.deepEqual(Object.keys(await tool.showConnectedPeers()).length, 1, 'commands are answered meanwhile');
  for (const { socket } of idle) socket.destroy();

  await programs.goOn();
  assert.equal(client.status().phase.kind, 'connected');
  const grownBytes = process.memoryUsage.rss() - rssBefore;
  assert.ok(grownBytes < 50 * MIB, `RSS grew by ${Math.round(grownBytes / MIB)} MiB`);
});

test('more connections than there may be are refused, and named', async (t) => {
  const { server, client } = await configuredPair(t, 'plain');
  const programs = await realPrograms(t, server, client);
  await programs.goOn();
  const bounds = [
    [sendSocket(client), LIMITS.sendConnections],
    [commander(client), LIMITS.localConnections],
  ] as const;
  for (const [path, bound] of bounds) {
    const many: Intruder[] = [];
    // One after the other: what waits to be accepted has a bound of its own in the system.
    while (many.length < bound + 5) many.push(await intrude(t, path));
    await waitFor(() => many.filter(({ isClosed }) => isClosed()).length >= 5, {
      what: 'some to be refused',
    });
    await programs.goOn();
    for (const { socket } of many) socket.destroy();
  }
  await logged(client, /refused a local program: 4000 are already connected/);
  await logged(client, /refused a connection to the command socket: 1000 are already open/);
});

/** A program on the receive socket of the server that reads only when it is told to. */
class Listener {
  readonly numbers: number[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #reads: boolean;

  constructor(t: TestContext, path: string, options: { readonly reads: boolean }) {
    this.#reads = options.reads;
    if (existsSync(path)) rmSync(path);
    this.#server = net.createServer((socket) => this.#take(socket)).listen(path);
    t.after(() => this.kill());
  }

  get connected(): boolean {
    return this.#sockets.size > 0;
  }

  read(): void {
    this.#reads = true;
    for (const socket of this.#sockets) socket.resume();
  }

  kill(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #take(socket: net.Socket): void {
    const reader = new LocalFrameReader();
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let event: LocalEvent | undefined = reader.next(); event !== undefined; event = reader.next())
        if (event.kind === 'frame') this.numbers.push(event.frame.data.readUInt32LE(0));
    });
    if (!this.#reads) socket.pause();
  }
}

const COUNT = 3_000;
const SIZE_BYTES = 64 * 1024;

test('a listener that never reads holds the programs back at the other end, in bounded memory; then all comes in order', async (t) => {
  // In memory alone a queue has a bound that is soon reached.
  const inMemory = { disk_persistence_send: false, disk_persistence_recv: false };
  const { server, client } = await configuredPair(t, 'plain', inMemory);
  const { host, port } = { host: '127.0.0.1', port: server.status().port };
  const directory = runOf(server, '');
  const path = receiveSocketPath({ directory, owner: { role: 'server', host, port }, messageType: 'any' });
  const stuck = new Listener(t, path, { reads: false });
  const { socket } = await intrude(t, sendSocket(client));
  let sent = 0;
  const fill = (): void => {
    while (sent < COUNT) {
      const data = Buffer.alloc(SIZE_BYTES);
      data.writeUInt32LE(sent);
      sent += 1;
      if (!socket.write(encodeFrame({ header: { message_type: 'any' }, data }))) return;
    }
  };
  socket.on('drain', fill);
  fill();
  await waitFor(() => stuck.connected, { what: 'a connection to the listener' });
  const queued = (side: ConfiguredSide): number => side.queues().reduce((sum, { bytes }) => sum + bytes, 0);
  let last = -1;
  await waitFor(
    () => {
      const before = last;
      last = sent;
      return before === sent && queued(client) > 0.9 * LIMITS.outboxBytes;
    },
    { ...PATIENT, what: 'the program to be held back' },
  );
  assert.ok(sent < COUNT, `${sent} were taken though nobody reads`);
  assert.ok(queued(server) <= LIMITS.inboxBytes + LIMITS.outboxBytes, 'the inbox has its bound');
  assert.ok(queued(client) <= LIMITS.outboxBytes, 'the outbox has its bound');
  const warnings = [...server.log(), ...client.log()].filter(({ outcome }) => outcome === 'warning');
  assert.deepEqual(warnings, [], 'nothing was dropped');

  stuck.read();
  await waitFor(() => stuck.numbers.length >= COUNT / 3, { ...PATIENT, what: 'a third to arrive' });
  stuck.kill();
  const before = [...stuck.numbers];
  const next = new Listener(t, path, { reads: true });
  await waitFor(() => next.numbers.at(-1) === COUNT - 1, { ...PATIENT, what: 'the rest' });
  assert.deepEqual(
    before,
    Array.from(before, (_, index) => index),
  );
  const [first = 0] = next.numbers;
  // What lay unread in the killed program's own socket went down with it.
  const socketMessages = MIB / SIZE_BYTES;
  assert.ok(first <= before.length + socketMessages, `${before.length} had come, and it goes on at ${first}`);
  assert.deepEqual(
    next.numbers,
    Array.from(next.numbers, (_, index) => first + index),
  );
});
