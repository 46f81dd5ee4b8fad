import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { helloBytes, recordedHellos } from '../campaigns/fuzz/client-hellos.ts';
import { Deliveries } from '../campaigns/fuzz/delivered.ts';
import { Dice } from '../campaigns/fuzz/dice.ts';
import { fuzz, type Surface } from '../campaigns/fuzz/surface.ts';
import { listenerPath, SOURCES, surfacesOf } from '../campaigns/fuzz/surfaces.ts';
import { startTarget } from '../campaigns/fuzz/target.ts';
import { mutated } from '../campaigns/fuzz/unit.ts';
import { checkMutated, makeSample } from '../campaigns/journal-damage-cases.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** The same frames in each run: those of a campaign differ. */
const SEED = 1;
const COUNTS = { plain: 19_500, 'tls-allow-all': 300, 'mutual-tls': 200 } as const;

/** Frames of an aioc peer take ten times as long as others: the campaign has more of them. */
function weightOf({ name, weight }: Surface): number {
  return name.endsWith('as aioc') ? weight / 4 : weight;
}

for (const mode of ['plain', 'tls-allow-all', 'mutual-tls'] as const) {
  test(`${mode}: none of ${COUNTS[mode]} fuzzed frames harms a connector or reaches a program malformed`, async (t) => {
    const place = await startTarget(t, mode, tempDir(t));
    const deliveries = await Deliveries.listen(listenerPath(place), SOURCES);
    t.after(() => deliveries.close());
    const surfaces = surfacesOf(place);
    const weights = surfaces.reduce((sum, surface) => sum + weightOf(surface), 0);
    for (const surface of surfaces)
      await fuzz(surface, { count: Math.ceil((COUNTS[mode] * weightOf(surface)) / weights), seed: SEED });
    await waitFor(() => deliveries.count > 0, { what: 'sound frames to arrive' });
    assert.deepEqual(deliveries.malformed, []);
  });
}

test('none of 300 mutated ClientHellos harms a server', async (t) => {
  const { port } = await startTarget(t, 'tls-allow-all', tempDir(t));
  const dice = new Dice(SEED);
  const hellos = await recordedHellos();
  const send = async (): Promise<void> => {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(helloBytes(hellos, dice));
    await once(socket, 'close');
  };
  for (let round = 0; round < 30; round += 1) await Promise.all(Array.from({ length: 10 }, send));
});

test('of 300 mutated journals none gives a message that was never stored, or cannot be used', async () => {
  const sample = await makeSample(12, SEED);
  const dice = new Dice(SEED);
  for (let round = 0; round < 300; round += 1) {
    await checkMutated(sample, (bytes) => mutated(bytes, dice), dice.below(1_000));
  }
});
