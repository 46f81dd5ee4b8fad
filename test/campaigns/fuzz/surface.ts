import type net from 'node:net';
import { deadline } from '../../helpers/wait-for.ts';
import { Dice } from './dice.ts';
import type { Unit } from './unit.ts';

/** A place of a connector that reads what others write. */
export interface Surface {
  readonly name: string;
  /** Its share of a campaign's units. */
  readonly weight: number;
  /** Units of one connection, at most. */
  readonly units: number;
  /** A new connection; `worker` counts from 0, and one worker has one connection at a time. */
  readonly open: (worker: number) => net.Socket;
  /** What comes before the units. */
  readonly prelude: (worker: number) => Buffer;
  readonly unit: (dice: Dice) => Unit;
}

/** As many as there are sessions (target.ts). */
const WORKERS = 4;
/** A connection that its sender has closed is closed by the connector at once; a busy machine takes its time. */
const HANG_MS = 30_000;

/** Writes so many units to a surface, over one connection after the other. */
export async function fuzz(
  surface: Surface,
  { count, seed }: { count: number; seed: number },
): Promise<void> {
  let left = count;
  const work = async (worker: number): Promise<void> => {
    const dice = new Dice(seed * WORKERS + worker);
    while (left > 0) {
      const parts = [surface.prelude(worker)];
      for (let most = Math.min(left, 1 + dice.below(surface.units)); most > 0; most -= 1) {
        const { bytes, isBroken } = surface.unit(dice);
        parts.push(bytes);
        left -= 1;
        if (isBroken) break;
      }
      await converse(surface.open(worker), Buffer.concat(parts), dice, surface.name);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
}

/** Writes the bytes, in one piece or two, closes its side, and waits until the connector has closed the other. */
async function converse(socket: net.Socket, bytes: Buffer, dice: Dice, name: string): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.resume();
  const cut = dice.chance(0.2) ? dice.below(bytes.length) : 0;
  if (cut > 0) socket.write(bytes.subarray(0, cut));
  socket.end(bytes.subarray(cut));
  await deadline(closed, HANG_MS, `${name} to close a connection after ${bytes.toString('base64')}`);
}
