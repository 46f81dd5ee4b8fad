import assert from 'node:assert/strict';
import net from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LIMITS } from '../../../engine/base/limits.ts';
import { MemoryBudget } from '../../../engine/base/memory-budget.ts';
import type { Clock } from '../../../engine/base/ports.ts';
import type { ConnectorCommands } from '../../../engine/local/connector-commands.ts';
import type { LocalBroker } from '../../../engine/local/local-broker.ts';
import { NativeSocket } from '../../../engine/local/native/native-socket.ts';
import { encodePacket, jsonBody } from '../../../engine/local/native/packets.ts';
import { CommanderSocket } from '../../../engine/local/python/commander-socket.ts';
import { SendSocket } from '../../../engine/local/python/send-socket.ts';
import type { TrafficLog } from '../../../engine/peers/traffic-log.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import { acceptedFiles } from '../../helpers/accepted-files.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

interface Ear {
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface EarOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: TrafficLog;
}

const broker = { budget: new MemoryBudget(LIMITS.memoryBudgetBytes) } as LocalBroker;
const control = {} as ConnectorCommands;
const COMMAND = Buffer.from('\x14\0\0\0{"cmd": "no command"}');

const EARS: readonly {
  readonly name: string;
  readonly make: (options: EarOptions) => Ear;
  /** Whole, of which the last byte but a few are held back. */
  readonly said: Buffer;
  readonly named: RegExp;
}[] = [
  {
    name: 'Python’s send socket',
    make: (options) =>
      new SendSocket({
        ...options,
        broker,
        files: acceptedFiles(),
        users: 'group',
        mayBeAnyUser: false,
        preserveSocket: true,
      }),
    said: encodeFrame({ header: { message_type: 'any' }, data: Buffer.alloc(100) }),
    named: /sent an incomplete message/,
  },
  {
    name: 'the commander socket',
    make: (options) => new CommanderSocket({ ...options, users: 'group', control }),
    said: COMMAND,
    named: /sent an incomplete command/,
  },
  {
    name: 'our own socket',
    make: (options) =>
      new NativeSocket({
        ...options,
        broker,
        files: acceptedFiles(),
        purpose: 'send',
        users: 'group',
        mayBeAnyUser: false,
        version: '0',
        onChange: () => undefined,
      }),
    said: Buffer.concat(encodePacket({ kind: 'hello', number: 1, body: jsonBody({ protocol: 1 }) })),
    named: /sent an incomplete message/,
  },
];

/** A clock that stands still, and how many timers it has been asked for. */
function countingClock(): { readonly clock: FakeClock; readonly timers: () => number } {
  const clock = new FakeClock(0);
  let timers = 0;
  const after = clock.after.bind(clock);
  clock.after = (delayMs, action) => {
    timers += 1;
    return after(delayMs, action);
  };
  return { clock, timers: () => timers };
}

async function connected(
  t: TestContext,
  path: string,
): Promise<{ socket: net.Socket; ended: () => boolean }> {
  const socket = net.connect(path);
  t.after(() => socket.destroy());
  let ended = false;
  socket.on('error', () => undefined);
  for (const event of ['end', 'close'])
    socket.on(event, () => {
      ended = true;
    });
  socket.resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, ended: () => ended };
}

for (const { name, make, said, named } of EARS) {
  test(`${name}: who begins something and does not end it is closed on after 10 s, and gains no time byte by byte`, async (t) => {
    const { clock, timers } = countingClock();
    const lines: string[] = [];
    const log = { event: (text: string) => lines.push(text) } as unknown as TrafficLog;
    const path = join(tempDir(t), 'ear');
    const ear = make({ path, clock, log });
    await ear.start();
    t.after(() => ear.stop());
    const { socket, ended } = await connected(t, path);
    socket.write(said.subarray(0, 6));
    await waitFor(() => timers() > 0, { what: 'its time to begin' });
    for (let drops = 0; drops < 3; drops += 1) {
      clock.advance(LIMITS.localFrameTimeoutMs / 4);
      const at = 6 + drops;
      await new Promise((resolve) => socket.write(said.subarray(at, at + 1), resolve));
      await new Promise(setImmediate);
    }
    assert.deepEqual([ended(), lines], [false, []]);
    clock.advance(LIMITS.localFrameTimeoutMs / 4);
    await waitFor(ended, { what: 'it to be closed' });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', named);
  });
}
