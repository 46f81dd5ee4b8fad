import { test } from 'node:test';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { assertGolden } from '../helpers/golden.ts';
import { openScreen } from '../helpers/screen.tsx';
import { CHAT_SCENES } from './scenes/chat.ts';
import { DIALOGS_SCENES } from './scenes/dialogs.ts';
import { LOG_SCENES } from './scenes/log.ts';
import { PEERS_SCENES } from './scenes/peers.ts';
import { QUEUES_SCENES } from './scenes/queues.ts';
import type { Scene } from './scenes/scene.ts';
import { START_SCENES } from './scenes/start.ts';

const SIZES = [
  [120, 40],
  [80, 24],
  [40, 12],
] as const;

const SCENES: readonly Scene[] = [
  ...START_SCENES,
  ...CHAT_SCENES,
  ...PEERS_SCENES,
  ...QUEUES_SCENES,
  ...LOG_SCENES,
  ...DIALOGS_SCENES,
];

for (const { name, engine, act, isPlain, isAttached, sizes } of SCENES) {
  for (const [columns, rows] of sizes ?? SIZES) {
    test(`${name} at ${columns}x${rows} looks as it should`, async (t) => {
      const appearance = { colour: isPlain !== true, unicode: isPlain !== true };
      const screen = await openScreen({
        engine: new FakeEngine(engine()),
        columns,
        rows,
        appearance,
        ...(isAttached && { attached: 'here' }),
      });
      t.after(() => screen.close());
      await act?.(screen);
      assertGolden(screen.rows(), { from: import.meta.url, name: `${name}-${columns}x${rows}` });
    });
  }
}
