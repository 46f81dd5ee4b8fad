/**
 * Listens, and notes each message in one write together with its cursor, from which it goes on when it is started again:
 * `hear-numbers.ts CONFIG NOTES`.
 */
import { existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { ConnectorAPI } from '../../../engine/index.ts';

const [config = '', notes = ''] = process.argv.slice(2);

const lines = existsSync(notes) ? readFileSync(notes, 'utf8').split('\n') : [];
// A line that was being written when this was killed has no end.
const after = lines.at(-2)?.split(' ')[2];
const file = openSync(notes, 'a');
const api = await ConnectorAPI.fromConfig(config);
await api.listen(
  'any',
  (message) => {
    const [run, number] = message.text().split(' ');
    writeSync(file, `${run} ${number} ${message.cursor}\n`);
  },
  after === undefined ? {} : { after },
);
console.log('ready');
