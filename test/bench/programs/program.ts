/** What the programs of a bench do alike, on whichever system. */
import { beDriven, type Methods } from './driven.ts';
import { Counter, type Expected, nowMs, numbered } from './numbered.ts';
import { SendWindow } from './send-window.ts';
import { until } from './until.ts';

/** What cases ask of some messages besides their size. Not every system knows each. */
export interface Manner {
  /** Each message's header differs from the one before. */
  readonly tagged?: boolean;
  readonly waitForAck?: boolean;
}

/** A system as a program sees it; what a system does not know is left out. */
export interface Access {
  /** Resolves when the system has confirmed the message. */
  readonly send?: (data: Buffer, manner: Manner, number: number) => Promise<unknown>;
  /** A system that confirms no message: `flush` resolves when it has all that were published. */
  readonly publish?: (data: Buffer) => void;
  readonly flush?: () => Promise<void>;
  /** Resolves with the answer. */
  readonly request?: (data: Buffer) => Promise<unknown>;
  /** Gives each message to `take`, and answers requests with their own data. */
  readonly listen?: (take: (data: Buffer) => void) => Promise<void>;
  /** Forgets what it has kept of earlier messages. */
  readonly clear?: () => Promise<void>;
}

interface Sending extends Manner {
  /** The number of the first. Default: 0. */
  readonly from?: number;
  readonly count: number;
  readonly bytes: number;
  readonly awaited?: boolean;
}

interface Bursts extends Manner {
  readonly from?: number;
  readonly count: number;
  readonly bytes: number;
  readonly burst: number;
  readonly perSecond: number;
}

interface Asking {
  readonly count: number;
  readonly bytes: number;
  /** One after the other without it. */
  readonly perSecond?: number;
}

export function beProgram(access: Access, more: Methods = {}): void {
  const counter = new Counter();
  beDriven({
    send: (sending: Sending) => sendAll(access, sending),
    bursts: (bursts: Bursts) => sendBursts(access, bursts),
    ask: (asking: Asking) => (asking.perSecond === undefined ? askInTurn : askSteadily)(access, asking),
    listen: () => access.listen?.((data) => counter.take(data)),
    expect: async (expected: Expected) => {
      await access.clear?.();
      counter.expect(expected);
    },
    first: () => counter.first(),
    all: ({ quietMs }: { quietMs: number }) => counter.all(quietMs),
    ...more,
  });
}

/** As fast as they go, with at most 1,000 unanswered. */
async function sendAll(access: Access, sending: Sending): Promise<{ startedAtMs: number }> {
  const startedAtMs = nowMs();
  await (access.publish === undefined ? sendConfirmed(access, sending) : publish(access, sending));
  return { startedAtMs };
}

async function sendConfirmed(
  { send }: Access,
  { from = 0, count, bytes, awaited = false, ...manner }: Sending,
): Promise<void> {
  if (send === undefined) throw new Error('this program cannot send');
  const window = new SendWindow();
  for (let number = from; number < from + count; number += 1) {
    const sent = send(numbered(number, bytes), manner, number);
    const full = awaited ? sent : window.add(sent);
    if (full !== undefined) await full;
  }
  await window.end();
}

/** Two halves of the window take turns: one is on its way while the other is made. */
async function publish({ publish: one, flush }: Access, { count, bytes }: Sending): Promise<void> {
  const half = SendWindow.size / 2;
  let before: Promise<void> | undefined;
  for (let number = 0; number < count; number += 1) {
    one?.(numbered(number, bytes));
    if (number % half !== half - 1) continue;
    await before;
    before = flush?.();
  }
  await flush?.();
}

async function sendBursts(
  { send }: Access,
  { from = 0, count, bytes, burst, perSecond, ...manner }: Bursts,
): Promise<{ startedAtMs: number; tookMs: number }> {
  if (send === undefined) throw new Error('this program cannot send');
  const window = new SendWindow(Number.POSITIVE_INFINITY);
  const startedAtMs = nowMs();
  for (let index = 0; index < count; index += 1) {
    if (index % burst === 0) await until(startedAtMs + (1000 * index) / perSecond);
    void window.add(send(numbered(from + index, bytes, nowMs()), manner, from + index));
  }
  await window.end();
  return { startedAtMs, tookMs: nowMs() - startedAtMs };
}

async function askInTurn({ request }: Access, { count, bytes }: Asking): Promise<number[]> {
  const tookMs: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const startedAt = performance.now();
    await request?.(numbered(number, bytes));
    tookMs.push(performance.now() - startedAt);
  }
  return tookMs;
}

/** Each at its time, whether those before it have been answered or not. */
async function askSteadily({ request }: Access, { count, bytes, perSecond = 1 }: Asking): Promise<number[]> {
  const startedAtMs = nowMs();
  const asked: Promise<number>[] = [];
  const one = async (number: number): Promise<number> => {
    const startedAt = performance.now();
    await request?.(numbered(number, bytes));
    return performance.now() - startedAt;
  };
  for (let number = 0; number < count; number += 1) {
    await until(startedAtMs + (1000 * number) / perSecond);
    asked.push(one(number));
  }
  return Promise.all(asked);
}
