import { setTimeout as delay } from 'node:timers/promises';
import type { PtySession } from '../../helpers/pty-session.ts';
import type { Build } from '../builds.ts';
import { atMost, type Bench, type Case, type Row } from '../case.ts';
import { median, percentile } from '../figures.ts';
import { threadCpuMs } from '../processes.ts';
import { IN_MEMORY, type Pair, startPair } from '../systems/aioc.ts';
import {
  frameP99Ms,
  KEYS_SECONDS,
  keyTimes,
  openScreen,
  SCREEN_SIZE,
  SLOW,
  startPairUnderScreen,
} from '../systems/screen.ts';

const BYTES = 100;
const RATES = [400, 20_000];
/** The most of a core for the thread that draws, in percent, at each rate. */
const SHARES_MAX: Readonly<Record<number, number>> = { 400: 10, 20000: 20 };
const BURSTS_PER_SECOND = 20;
const FRAME_MS_MAX = 20;
const FROZEN_BYTES_MAX = 4_000;

/** A screen on a server that takes messages, in its own process (attached) or in the server's. */
interface Shown {
  readonly name: string;
  readonly pair: Pair;
  readonly session: PtySession;
  readonly idleKeyMs: readonly number[];
  readonly measured: Map<number, Measured[]>;
}

interface Measured {
  /** Of the thread that draws, in percent of a core. */
  readonly share: number;
  readonly keyMs: readonly number[];
  readonly bytesPerSecond: number;
  readonly frozenBytesPerSecond: number;
  /** Of the last 1,000 frames, as F12 shows it. */
  readonly frameMs: number;
}

async function attached(bench: Bench, build: Build): Promise<Shown> {
  const pair = await startPair(bench, { config: IN_MEMORY, build });
  const session = openScreen(bench, build, ['attach', pair.files.far]);
  return ready({ name: `attached${build.suffix}`, pair, session });
}

async function inProcess(bench: Bench, build: Build): Promise<Shown> {
  return ready({ name: `in the same process${build.suffix}`, ...(await startPairUnderScreen(bench, build)) });
}

async function ready(shown: Pick<Shown, 'name' | 'pair' | 'session'>): Promise<Shown> {
  await shown.session.waitFor(/● client1/, SLOW);
  shown.session.press('2');
  return { ...shown, idleKeyMs: await keyTimes(shown.session), measured: new Map() };
}

async function measure({ pair, session }: Shown, perSecond: number, seconds: number): Promise<Measured> {
  const burst = perSecond / BURSTS_PER_SECOND;
  // With time for the keys and the frozen log after what is measured.
  const count = perSecond * (2 * seconds + 2 + KEYS_SECONDS);
  const sent = pair.sender.do('bursts', { count, bytes: BYTES, burst, perSecond });
  await delay(1_000);
  const [cpuMs, bytes, startedAt] = [threadCpuMs(session.pid), session.bytesWritten(), performance.now()];
  await delay(1_000 * seconds);
  const tookMs = performance.now() - startedAt;
  const share = (100 * (threadCpuMs(session.pid) - cpuMs)) / tookMs;
  const bytesPerSecond = (1_000 * (session.bytesWritten() - bytes)) / tookMs;
  const keyMs = await keyTimes(session);
  const frameMs = await frameP99Ms(session);
  session.press('3', 'k');
  await session.waitFor('new below', SLOW);
  const [frozenBytes, frozenAt] = [session.bytesWritten(), performance.now()];
  await delay(1_000 * seconds);
  const frozenMs = performance.now() - frozenAt;
  const frozenBytesPerSecond = (1_000 * (session.bytesWritten() - frozenBytes)) / frozenMs;
  session.press('G', '2');
  await sent;
  return { share, keyMs, bytesPerSecond, frozenBytesPerSecond, frameMs };
}

export const screen: Case = {
  name: 'screen',
  about: `A screen of ${SCREEN_SIZE} on a server that takes messages of ${BYTES} bytes, attached and in one process with it.`,
  async run(bench) {
    const { rounds, seconds } = bench.options;
    const all: Shown[] = [];
    for (const build of bench.builds) all.push(await attached(bench, build), await inProcess(bench, build));
    for (let round = 0; round < rounds; round += 1)
      for (const shown of all)
        for (const rate of RATES) {
          const soFar = shown.measured.get(rate) ?? [];
          shown.measured.set(rate, [...soFar, await measure(shown, rate, seconds)]);
        }
    const rows = all.flatMap((shown) => RATES.flatMap((rate) => rowsOf(shown, rate)));
    const bars = all
      .filter(({ name }) => !name.includes('(at'))
      .flatMap((shown) => RATES.flatMap((rate) => barsOf(shown, rate)));
    return { rows, bars };
  },
};

function rowsOf({ name, idleKeyMs, measured }: Shown, rate: number): Row[] {
  const values = measured.get(rate) ?? [];
  const at = `${name}, ${rate.toLocaleString('en')} messages a second`;
  const row = (what: string, unit: string, each: (one: Measured) => number): Row => ({
    system: `${at}: ${what}`,
    unit,
    values: values.map(each),
  });
  const idle = percentile(idleKeyMs, 0.95);
  return [
    row('CPU of the thread that draws', '% of a core', ({ share }) => share),
    row('from a key to the screen, p95', 'ms', ({ keyMs }) => percentile(keyMs, 0.95)),
    row('the same as a multiple of idle', '×', ({ keyMs }) => percentile(keyMs, 0.95) / idle),
    row('a frame, p99', 'ms', ({ frameMs }) => frameMs),
    row('bytes to the terminal', 'B/s', ({ bytesPerSecond }) => bytesPerSecond),
    row('the same with the log frozen', 'B/s', ({ frozenBytesPerSecond }) => frozenBytesPerSecond),
  ];
}

function barsOf(shown: Shown, rate: number) {
  const [share, , echo, frame, , frozen] = rowsOf(shown, rate).map(({ system, values }) => ({
    system,
    value: median(values),
  }));
  return [
    atMost(SHARES_MAX[rate] ?? 0, `${share?.system}, %`, share?.value ?? Number.NaN),
    atMost(2, `${echo?.system}`, echo?.value ?? Number.NaN),
    atMost(FRAME_MS_MAX, `${frame?.system}, ms`, frame?.value ?? Number.NaN),
    atMost(FROZEN_BYTES_MAX, `${frozen?.system}, B/s`, frozen?.value ?? Number.NaN),
  ];
}
