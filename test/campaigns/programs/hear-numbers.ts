/**
 * Listens, and notes each message in one write together with its cursor, from which it goes on when it is started again:
 * `hear-numbers.ts CONFIG NOTES [DELAY_MS]`. It works so long on each before it is done with it.
 */
import { fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorAPI } from '../../../engine/index.ts';

const [config = '', notes = '', delayMs = '0'] = process.argv.slice(2);

/** A timer may be early by part of a millisecond. */
async function work(): Promise<void> {
  const end = performance.now() + Number(delayMs);
  while (performance.now() < end) await delay(end - performance.now());
}

const LINE_BYTES = 1_024;
const file = openSync(notes, 'a+');
const end = Buffer.alloc(LINE_BYTES);
const read = readSync(file, end, 0, LINE_BYTES, Math.max(0, fstatSync(file).size - LINE_BYTES));
// A line that was being written when this was killed has no end.
const after = end.toString('latin1', 0, read).split('\n').at(-2)?.split(' ')[2];
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
