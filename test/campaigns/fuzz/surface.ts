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
/** Most that is said at all is said at once. */
const SILENT_MS = 500;
/** A file is refused. */
const STOP = '"stop"';

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
      let later: Unit['later'] = [];
      for (let most = Math.min(left, 1 + dice.below(surface.units)); most > 0; most -= 1) {
        const unit = surface.unit(dice);
        const { bytes, isBroken } = unit;
        parts.push(bytes);
        later = unit.later ?? [];
        left -= 1;
        if (isBroken) break;
      }
      await converse(surface.open(worker), { bytes: Buffer.concat(parts), later }, dice, surface.name);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
}

interface Conversation {
  readonly bytes: Buffer;
  readonly later: NonNullable<Unit['later']>;
}

/** Writes the bytes, in one piece or two, closes its side, and waits until the connector has closed the other. */
async function converse(
  socket: net.Socket,
  { bytes, later }: Conversation,
  dice: Dice,
  name: string,
): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  const heard = listenTo(socket);
  const cut = dice.chance(0.2) ? dice.below(bytes.length) : 0;
  if (cut > 0) socket.write(bytes.subarray(0, cut));
  socket.write(bytes.subarray(cut));
  for (const { after, bytes } of later) {
    if (!(await heard(after))) break;
    socket.write(bytes);
  }
  socket.end();
  await deadline(closed, HANG_MS, `${name} to close a connection after ${bytes.toString('base64')}`);
}

/** Resolves whether the connector says it, before it closes or is silent for a while. */
function listenTo(socket: net.Socket): (text: string) => Promise<boolean> {
  let said = '';
  let changed = (): void => undefined;
  socket.on('data', (chunk) => {
    said += chunk.toString('latin1');
    changed();
  });
  socket.once('close', () => changed());
  return (text) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), SILENT_MS);
      changed = () => {
        if (!said.includes(text) && !said.includes(STOP) && !socket.closed) return;
        clearTimeout(timer);
        resolve(said.includes(text));
      };
      changed();
    });
}
