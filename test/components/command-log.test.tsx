import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cliLine } from '../../components/control/cli-line.ts';
import { withUpdate } from '../../components/state/safe-rows.ts';
import type { Command } from '../../engine/contract/commands.ts';
import { CLI_COMMANDS } from '../../source/command-table.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, samplePeer } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

test('@ lists what was done, newest first, with its command line and its answer; Enter shows the line bare', async (t) => {
  const data = busyEngine();
  const engine = new FakeEngine({ ...data, status: { ...data.status, configured: true } });
  engine.answers.set('peer.disconnect', { ok: false, code: 'AIOC_COMMAND', message: 'it has gone' });
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('alt-1', 'j', 'i', 'enter', 'x', 'enter', '@');
  const rows = screen.rows().filter((row) => row.includes('aioc cli'));
  assert.match(
    rows[0] ?? '',
    /14:02:\d\d +aioc cli 0\.0\.0\.0:10673 disconnect_client chat_client +it has gone/,
  );
  assert.match(rows[1] ?? '', /aioc cli 0\.0\.0\.0:10673 ignore_peer_traffic chat_client +done/);
  await screen.press('down', 'enter');
  assert.match(screen.text(), /aioc cli 0\.0\.0\.0:10673 ignore_peer_traffic chat_client/);
  assert.doesNotMatch(screen.text(), /What you did/);
});

test('each line that is shown for a shell is one that aioc cli takes', () => {
  const peers = {
    pane: 'peers',
    total: 1,
    matched: 1,
    offset: 0,
    rows: [samplePeer('p', { wireName: "it's" })],
  } as const;
  const { status } = emptyEngine({ configured: true });
  const data = withUpdate(withUpdate({}, { pane: 'status', status }), peers);
  const commands: readonly Command[] = [
    { kind: 'peer.ignore', peer: 'p', on: true },
    { kind: 'all.ignore', on: true },
    { kind: 'all.ignore', on: false },
    { kind: 'peer.disconnect', peer: 'p' },
    { kind: 'certificate.delete', peer: 'p' },
    { kind: 'connector.start' },
    { kind: 'connector.stop', hard: true },
    { kind: 'connector.restart', hard: false },
  ];
  for (const command of commands) {
    const [, word = ''] = /^aioc cli 0\.0\.0\.0:10673 (\S+)/.exec(cliLine(command, data) ?? '') ?? [];
    assert.ok(Object.hasOwn(CLI_COMMANDS, word), `${command.kind}: ${word}`);
  }
  assert.equal(
    cliLine({ kind: 'peer.disconnect', peer: 'p' }, data),
    "aioc cli 0.0.0.0:10673 disconnect_client 'it'\\''s'",
  );
  assert.equal(cliLine({ kind: 'chat.read', peer: 'p' }, data), undefined);
});
