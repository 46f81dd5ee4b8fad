import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allHelpEntries, type HelpEntry } from '../../../components/keys/key-list.ts';
import type { TypingKey } from '../../../components/keys/typing-keys.ts';
import { type Mode, type Stop, Visit } from './stop.ts';
import { STOPS } from './stops.ts';
import type { World } from './worlds.ts';

/** Rows of the help that explain a mark, not a key. */
const MARKS = new Set(['chat mark', 'log', 'peer']);
const KEYS = allHelpEntries().filter(
  (entry) => entry.binding !== undefined || 'chords' in entry || !MARKS.has(entry.place),
);

const stopName = ({ place, label }: HelpEntry): string => `${place}: ${label}`;

/** Each way to press a key of the help, with the stop that it belongs to. */
function waysOf(entry: HelpEntry): readonly (readonly [Stop, readonly string[]])[] {
  const stops = [STOPS[stopName(entry)] ?? []].flat();
  return stops.flatMap((stop) => (stop.ways ?? keysOf(entry)).map((way) => [stop, way] as const));
}

function keysOf(entry: HelpEntry & Partial<TypingKey>): readonly (readonly string[])[] {
  return (entry.binding?.keys ?? entry.chords ?? []).map((key) => [key]);
}

function isSo({ ends }: Stop, visit: Visit): boolean {
  if (typeof ends === 'function') return ends(visit);
  const pattern = ends instanceof RegExp ? ends : ends[visit.mode === 'lines' ? 1 : 0];
  return pattern.test(visit.seen());
}

test('each key of the help is a stop of the tour, in each of its ways, and there is no other stop', () => {
  assert.deepEqual(KEYS.map(stopName).sort(), Object.keys(STOPS).sort());
  for (const entry of KEYS) {
    const pressed = new Set(waysOf(entry).flatMap(([, way]) => way));
    for (const [key] of keysOf(entry)) assert.ok(pressed.has(key ?? ''), `${stopName(entry)}: ${key}`);
  }
});

const MODES: Readonly<Record<Mode, string>> = {
  screen: 'on the screen',
  attached: 'attached to a daemon',
  lines: 'with --screen-reader',
};

for (const mode of ['screen', 'attached', 'lines'] as const)
  test(`the tour of all keys, ${MODES[mode]}: each ends with what the help promises`, async (t) => {
    const visits = new Map<World, Visit>();
    t.after(() => {
      for (const visit of visits.values()) visit.end();
    });
    const wrong: string[] = [];
    for (const entry of KEYS)
      for (const [stop, way] of waysOf(entry)) {
        const world = stop.world ?? 'server';
        const visit = visits.get(world) ?? (await Visit.begin(mode, world));
        visits.set(world, visit);
        await visit.go(stop, way);
        if (!isSo(stop, visit)) wrong.push(`${stopName(entry)}, ${way.join(' ')}:\n${visit.seen()}`);
      }
    assert.equal(wrong.length, 0, wrong.join('\n\n'));
  });
