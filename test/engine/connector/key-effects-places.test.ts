/** Keys about a connector's directory, the counts in its log and the life of its link: each test changes one and looks at what it does. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseConfig } from '../../../engine/config/parse-config.ts';
import { Connector } from '../../../engine/connector/connector.ts';
import { MessageCounts } from '../../../engine/connector/message-counts.ts';
import { optionsFromConfig } from '../../../engine/connector/options-from-config.ts';
import { connectedPair, heardBy, logged, program, started, until } from '../../helpers/key-effects.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { type SimulatedWorld, simulatedWorld } from '../../helpers/simulated-world.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

test('connector_files_dirpath: the sockets are there, and programs find them by it', async (t) => {
  const directory = join(tempDir(t), 'elsewhere');
  const { server, client } = await connectedPair(t, { client: { connector_files_dirpath: directory } });
  assert.equal(existsSync(join(client.directory, 'run')), false);
  assert.deepEqual(
    readdirSync(directory)
      .filter((name) => name.startsWith('uds_path_'))
      .sort(),
    ['uds_path_commander_client1', 'uds_path_send_to_connector_client_client1'],
  );
  const heard = await heardBy(t, server);
  await (await program(t, client)).send({ messageType: 'any', data: 'x' });
  await until(() => heard.length === 1, 'the message');
});

test('connector_files_dirpath: a start warns of live sockets in the other usual directory', async (t) => {
  const root = tempDir(t);
  const [here, there] = [join(root, 'here'), join(root, 'there')];
  mkdirSync(there);
  const live = join(there, 'uds_path_commander_edge');
  const program = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => program.listen(live, resolve));
  t.after(() => program.close());
  const start = async (connector_files_dirpath: string, usualDirectories: readonly string[]) => {
    const config = { is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', 1] };
    const side = await started(t, { ...config, connector_files_dirpath }, { usualDirectories });
    const warned = logged(side, new RegExp(`${live} is in use`));
    await side.engine.stop({ hard: true });
    return warned;
  };
  assert.equal(await start(here, [here, there]), true);
  assert.equal(await start(there, [here, there]), false, 'in the same one they meet');
  assert.equal(await start(join(root, 'own'), [here, there]), false, 'another was chosen on purpose');
  await new Promise((resolve) => program.close(resolve));
  writeFileSync(live, '');
  assert.equal(await start(here, [here, there]), false, 'nobody listens any more');
});

for (const counts of [true, false]) {
  test(`debug_msg_counts: ${counts}, every two minutes in which something was counted`, async (t) => {
    const world = simulatedWorld();
    const server = await simulated(t, world, { is_server: true, debug_msg_counts: counts });
    const client = await simulated(t, world, {
      is_server: false,
      client_name: 'c',
      debug_msg_counts: counts,
    });
    await world.clock.until(() => client.connector.server?.state === 'connected');
    const counted = (lines: readonly string[]) => lines.filter((line) => line.startsWith('messages of'));
    await world.clock.pass(10 * 60_000);
    assert.deepEqual(counted(server.lines), [], 'nothing has come');
    const { traffic, server: peer } = client.connector;
    assert.ok(peer);
    for (let count = 0; count < 3; count += 1) {
      const onState = (): void => undefined;
      await traffic.send(peer, { header: { message_type: 'any' }, data: Buffer.from('x'), onState });
    }
    await world.clock.pass(119_000);
    assert.deepEqual(counted(client.lines), [], 'the two minutes are not over');
    await world.clock.pass(2_000);
    await world.clock.pass(10 * 60_000);
    const told = 'messages of the last 2 minutes: ';
    assert.deepEqual(counted(client.lines), counts ? [`${told}received 0; sent 3 (any 3)`] : []);
    assert.deepEqual(counted(server.lines), counts ? [`${told}received 3 (any 3); sent 0`] : []);
  });
}

test('debug_msg_counts: types that a peer made up are counted together', async () => {
  const clock = new SimulatedClock();
  const lines: string[] = [];
  const counts = new MessageCounts({ clock, types: ['b', 'a'], report: (line) => lines.push(line) });
  for (const type of ['b', 'a', 'b', 'x1', 'x2', 'constructor']) counts.received(type, 1);
  await clock.pass(120_000);
  assert.deepEqual(lines, ['messages of the last 2 minutes: received 6 (a 1, b 2, other types 3); sent 0']);
  counts.sent('a', 1);
  counts.stop();
  await clock.pass(600_000);
  assert.equal(lines.length, 1, 'stopped');
  counts.sent('a', 4_000);
  await clock.pass(120_000);
  assert.match(lines[1] ?? '', /received 0; sent 4001 \(a 4001\)$/);
});

/** After how many seconds a client with these keys gives a link up on which nothing comes any more. */
async function givenUpAfterSeconds(t: TestContext, keys: Readonly<Record<string, unknown>>): Promise<number> {
  const world = simulatedWorld(1);
  await simulated(t, world, { is_server: true });
  const { connector } = await simulated(t, world, { is_server: false, client_name: 'client1', ...keys });
  await world.clock.until(() => connector.server?.state === 'connected');
  // What the two have to say to each other at first.
  await world.clock.pass(100);
  const since = world.clock.now();
  for (const ends of world.network.open) for (const end of ends) end.heldUntil = Number.POSITIVE_INFINITY;
  await world.clock.until(() => connector.server?.state !== 'connected', 120_000);
  return Math.round((world.clock.now() - since) / 1_000);
}

test('keep_alive_period, keep_alive_timeout, max_number_of_unanswered_keep_alive: when a silent link is given up', async (t) => {
  assert.equal(await givenUpAfterSeconds(t, {}), 70, 'as is usual between idle aioc peers');
  assert.equal(await givenUpAfterSeconds(t, { keep_alive_period: 20 }), 30);
  assert.equal(await givenUpAfterSeconds(t, { keep_alive_period: 20, keep_alive_timeout: 2 }), 24);
  const once = { keep_alive_period: 20, max_number_of_unanswered_keep_alive: 1 };
  assert.equal(await givenUpAfterSeconds(t, once), 25);
});

/** A connector from a configuration, in a simulated world but for its sockets. */
async function simulated(t: TestContext, ports: SimulatedWorld, config: Readonly<Record<string, unknown>>) {
  const directory = tempDir(t);
  const value = {
    server_sockaddr: ['127.0.0.1', 10_673],
    use_ssl: false,
    connector_files_dirpath: directory,
    ...config,
  };
  const lines: string[] = [];
  const options = await optionsFromConfig({
    config: parseConfig(value, { source: 'test', role: 'manager' }).config,
    ports,
    version: '0.0.0',
    stateDirectory: directory,
    receivedDirectory: join(directory, 'received'),
    onShutdown: () => undefined,
    logLevel: { get: () => 'INFO', set: () => undefined },
    onLogLine: ({ level, text }) => {
      if (level === 'INFO') lines.push(text);
    },
  });
  const connector = new Connector(options);
  await connector.start();
  t.after(async () => {
    const stopped = connector.stop({ hard: true });
    await ports.clock.pass(60_000);
    await stopped;
  });
  return { connector, lines };
}
