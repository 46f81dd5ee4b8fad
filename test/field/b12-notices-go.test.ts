import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine, sampleJoinRequest } from '../helpers/sample-data.ts';
import { openScreen, type TestScreen } from '../helpers/screen.tsx';

const footer = (screen: TestScreen): string => screen.rows().at(-1) ?? '';

test('a notice goes with the next thing that is done', async (t) => {
  const screen = await openScreen({ engine: new FakeEngine(busyEngine()) });
  t.after(() => screen.close());
  await screen.type('4!zimport\r');
  assert.match(footer(screen), /!zimport needs the name/);
  await screen.press('ctrl-u');
  await screen.type('hello\r');
  assert.doesNotMatch(footer(screen), /zimport/);
  await screen.press('alt-1', 'j', 'j', 'p');
  assert.match(footer(screen), /not connected/);
  await screen.press('k');
  assert.doesNotMatch(footer(screen), /not connected/);
});

test('"Retrying." goes when the connector is connected', async (t) => {
  const engine = new FakeEngine(
    emptyEngine({
      role: 'client',
      phase: { kind: 'refused', reason: 'its user said no', cause: 'refused-there' },
    }),
  );
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('r');
  assert.match(footer(screen), /Retrying/);
  engine.setStatus({ phase: { kind: 'connected' } });
  await screen.settle();
  assert.doesNotMatch(footer(screen), /Retrying/);
});

test('a connection request while writing leaves the keys of the line in the footer', async (t) => {
  const engine = new FakeEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.type('4abc');
  engine.setStatus({ joinRequests: [sampleJoinRequest(7)] });
  await screen.settle();
  assert.match(footer(screen), /“laptop”.*asks to connect.*Alt-A answer.*Enter send/);
});
