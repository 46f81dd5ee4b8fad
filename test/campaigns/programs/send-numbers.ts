/**
 * Sends rising numbers, many under way at once, and notes each that was confirmed: `send-numbers.ts CONFIG NOTES RUN
 * [COUNT]`. A line of the input changes the pace: messages a second, 0 for none, `full` for as many as it can. Says `done`
 * when of all COUNT it knows what has become of them.
 */
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorAPI } from '../../../engine/index.ts';
import { numberedText } from '../numbered-text.ts';

const [config = '', notes = '', run = '0', count = 'Infinity'] = process.argv.slice(2);
const UNDER_WAY = 500;
const TICK_MS = 5;

const end = Number(count);
const file = openSync(notes, 'a');
const api = await ConnectorAPI.fromConfig(config);
let pace = 0;
let next = 0;
let underWay = 0;

function send(): void {
  const number = next;
  next += 1;
  underWay += 1;
  api.send({ messageType: 'any', data: numberedText(run, number) }).then(
    (outcome) => {
      underWay -= 1;
      if (outcome === 'stored') writeSync(file, `${run} ${number}\n`);
    },
    // Nobody knows what has become of it: the connector was killed, or is not there.
    () => {
      underWay -= 1;
    },
  );
}

createInterface({ input: process.stdin }).on('line', (line) => {
  pace = line === 'full' ? Number.POSITIVE_INFINITY : Number(line);
});
console.log('ready');
let due = 0;
while (next < end || underWay > 0) {
  due = Math.min(due + (pace * TICK_MS) / 1_000, UNDER_WAY);
  if (pace === 0) due = 0;
  while (due >= 1 && underWay < UNDER_WAY && next < end) {
    due -= 1;
    send();
  }
  await delay(TICK_MS);
}
console.log('done');
