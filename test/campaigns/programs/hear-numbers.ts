/**
 * Listens, and notes each message in one write together with its cursor, from which it goes on when it is started again:
 * `hear-numbers.ts CONFIG NOTES [DELAY_MS]`. It works so long on each before it is done with it.
 */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorAPI } from '../../../engine/index.ts';

const [config = '', notes = '', delayMs = '0'] = process.argv.slice(2);

/** A timer may be early by part of a millisecond. */
async function work(): Promise<void> {
  const end = performance.now() + Number(delayMs);
  while (performance.now() < end) await delay(end - performance.now());
}

const lines = existsSync(notes) ? readFileSync(notes, 'utf8').split('\n') : [];
// A line that was being written when this was killed has no end.
const after = lines.at(-2)?.split(' ')[2];
const file = openSync(notes, 'a');
const api = await ConnectorAPI.fromConfig(config);
await api.listen(
  'any',
  async (message) => {
    await work();
    const [run, number] = message.text().split(' ');
    writeSync(file, `${run} ${number} ${message.cursor}\n`);
  },
  after === undefined ? {} : { after },
);
console.log('ready');
