import { freePort } from '../test/helpers/free-port.ts';
import type { Scene } from './film.ts';

/** The pictures that `make.ts` makes. */
export const SCENES: readonly Scene[] = [
  {
    name: 'first-run',
    title: 'aioc',
    async play(stage) {
      const port = String(await freePort());
      const session = stage.start(['--port', port], { columns: 120, rows: 30 });
      await session.waitFor('On the other machine');
      return session;
    },
  },
];
