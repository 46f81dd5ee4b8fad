import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerRow, Update, View } from '../../engine/contract/views.ts';
import { attach } from '../../source/index.ts';
import { runProgram } from '../helpers/daemon.ts';
import { daemonPair, logOf } from '../helpers/daemon-pair.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PEERS: View = { pane: 'peers', filter: '', sort: 'name', descending: false, offset: 0, rows: 10 };

test('a program that attaches to a daemon sees a peer change, and what it ignores is ignored', async (t) => {
  const { server, client } = await daemonPair(t);
  const engine = await attach(server.file);
  t.after(() => engine.close());
  let row: PeerRow | undefined;
  const view = engine.open(PEERS, (update: Update) => {
    if (update.pane === 'peers') row = update.rows[0];
  });
  const becomes = (state: string): Promise<unknown> =>
    waitFor(() => row?.name === 'client1' && row.state === state, { what: `client1 ${state}` });
  await becomes('connected');
  await client.daemon.killed();
  await becomes('away');
  await client.start();
  await becomes('connected');
  assert.deepEqual(await engine.execute({ kind: 'peer.ignore', peer: row?.id ?? '', on: true }), {
    ok: true,
    value: null,
  });
  await waitFor(() => row?.ignored, { what: 'the peer to be shown as ignored' });
  view.close();
  const args = ['status', '--json', '--connector_files_dirpath', server.directory];
  const { output } = await runProgram(t, args, server.directory);
  assert.deepEqual(JSON.parse(output)[0].ignored, ['client1']);
  assert.match(logOf(server), /client1: ignored/);
});

test('a daemon that is killed with a program attached is attached to again when it is back', async (t) => {
  const { server } = await daemonPair(t);
  const first = await attach(server.file);
  const over = new Promise((resolve) => first.onClose((why) => resolve(why?.code)));
  await server.daemon.killed();
  assert.equal(await over, 'AIOC_CONNECTOR_AWAY');
  await assert.rejects(attach(server.file), { code: 'AIOC_CONNECTOR_AWAY' });
  // What the killed one has left lies there still.
  const daemon = await server.start();
  const second = await attach(server.file);
  assert.equal((await second.execute({ kind: 'files.list' })).ok, true);
  await second.close();
  daemon.process.kill('SIGTERM');
  assert.equal((await daemon.finished()).exitCode, 0);
});
