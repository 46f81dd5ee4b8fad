/**
 * Makes the pictures of README from the running program: `node --import tsx media/make.ts [part of a name…]`.
 * Look at each before it is committed.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { film } from './film.ts';
import { SCENES } from './scenes.ts';

const PROGRAM = join(import.meta.dirname, '../dist/cli.js');

async function main(wanted: readonly string[]): Promise<void> {
  if (!existsSync(PROGRAM)) throw new Error('dist/cli.js is not there: run `npm run build` first');
  const scenes = SCENES.filter(
    ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
  );
  if (scenes.length === 0) {
    throw new Error(
      `No scene is named ${wanted.join(' or ')}: there are ${SCENES.map(({ name }) => name).join(', ')}`,
    );
  }
  for (const scene of scenes) {
    const path = join(import.meta.dirname, `${scene.name}.svg`);
    writeFileSync(path, await film(scene, PROGRAM));
    console.log(path);
  }
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
