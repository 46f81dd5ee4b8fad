import { after, test } from 'node:test';
import { assertGolden } from '../helpers/golden.ts';
import { PtySession } from '../helpers/pty-session.ts';
import { testProgram } from '../helpers/test-program.ts';
import { SCENES } from './scenes/index.ts';
import type { Sized } from './scenes/scene.ts';

const TIMEOUT_MS = 20_000;
const SIZES: readonly Sized[] = [
  [200, 60],
  [160, 45],
  [120, 40],
  [100, 30],
  [80, 24],
  [40, 12],
];

const session = PtySession.start({
  command: process.execPath,
  args: testProgram('test/fixtures/scene-program.ts'),
  env: { NODE_ENV: 'production' },
});
after(() => session[Symbol.asyncDispose]());
let title = '';
session.terminal.onTitleChange((text) => {
  title = text;
});

/** Compares what the terminal shows when the program has done this; a frame may still be on its way. */
async function check(line: string, name: string, [columns, rows]: Sized): Promise<void> {
  session.resize(columns, rows);
  session.type(`${line} ${columns} ${rows}\n`);
  let difference: unknown;
  const isRight = (): boolean => {
    if (title !== `${line} ${columns} ${rows}`) return false;
    try {
      assertGolden(session.screen(), { from: import.meta.url, name: `${name}-${columns}x${rows}` });
      return true;
    } catch (error) {
      difference = error;
      return false;
    }
  };
  await session.waitFor(isRight, { timeoutMs: TIMEOUT_MS, what: line }).catch((error: unknown) => {
    throw difference ?? error;
  });
}

for (const { name, moreSizes = [], onlySizes } of SCENES) {
  const [first, ...others] = onlySizes ?? [...SIZES, ...moreSizes];
  if (first === undefined) continue;
  test(`${name} looks as it should on a real terminal of every size`, async () => {
    await check(`scene ${name}`, name, first);
    for (const size of others) await check('size', name, size);
  });
}
