import type { HostAddress } from '../../engine/base/ports.ts';
import { dial } from '../../engine/peers/dial/dial.ts';
import { type SimulatedHost, type SimulatedWorld, simulatedWorld } from './simulated-world.ts';

const PORT = 10_673;
const TLS = { certificatePem: '', privateKeyPem: '' };

/** A host's addresses in the resolver's order, and how each behaves. */
export type HostList = readonly (HostAddress & SimulatedHost)[];

export interface Dialled {
  /** When the connection stood; undefined where it never did. */
  readonly openedAtMs: number | undefined;
  readonly address: string;
  readonly reason: string | undefined;
  /** The most TLS handshakes that were being done at once. */
  readonly handshakesAtOnce: number;
}

/** Dials a host of a world of its own, and gives what came of it. */
export async function dialled(
  list: HostList,
  options: Partial<Parameters<typeof dial>[1]> & {
    readonly world?: SimulatedWorld;
    readonly turns?: number;
  } = {},
): Promise<Dialled> {
  const { turns = 1, world = simulatedWorld(1, turns), ...more } = options;
  const { network, clock } = world;
  if (list.length > 0) network.onLookUp = () => list;
  for (const one of list) network.hosts.set(one.address, one);
  let shaking = 0;
  let handshakesAtOnce = 0;
  const count = (by: number): void => {
    shaking += by;
    handshakesAtOnce = Math.max(handshakesAtOnce, shaking);
  };
  await network.listen({
    host: '::',
    port: PORT,
    tls: TLS,
    onConnection: (far) => {
      let begun = false;
      const ended = (): void => {
        if (begun) count(-1);
        begun = false;
      };
      far.listen({
        onTcpOpen: () => {
          begun = true;
          count(1);
        },
        onOpen: ended,
        onClose: ended,
        onData: () => undefined,
        onDrain: () => undefined,
      });
    },
  });
  const connection = dial(world, { host: 'host.example', port: PORT, tls: TLS, ...more });
  let openedAtMs: number | undefined;
  let over: { readonly reason: string | undefined } | undefined;
  connection.listen({
    onTcpOpen: () => undefined,
    onOpen: () => {
      openedAtMs = clock.now();
    },
    onData: () => undefined,
    onDrain: () => undefined,
    onClose: (error) => {
      over = { reason: error?.message };
    },
  });
  for (let second = 0; second < 31 && over === undefined && openedAtMs === undefined; second += 1)
    await clock.pass(1_000);
  return { openedAtMs, address: connection.remoteAddress, reason: over?.reason, handshakesAtOnce };
}

/** One address of a random list: refuses, is silent, answers within a second or late, or closes in its TLS handshake. */
function randomHost(index: number, fraction: () => number): HostAddress & SimulatedHost {
  const isIPv6 = fraction() < 0.5;
  const where = isIPv6
    ? ({ address: `2001:db8::${index + 1}`, family: 'IPv6' } as const)
    : ({ address: `192.0.2.${index + 1}`, family: 'IPv4' } as const);
  const below = (ms: number): number => Math.floor(fraction() * ms);
  const kind = Math.floor(fraction() * 5);
  if (kind === 0) return { ...where, answers: false, afterMs: below(100) };
  if (kind === 1) return { ...where, answers: 'never' };
  if (kind === 2) return { ...where, answers: true, afterMs: 4_000 + below(20_000) };
  const afterMs = below(500);
  if (kind === 3) return { ...where, answers: true, afterMs, tls: { does: 'close', afterMs: below(100) } };
  return { ...where, answers: true, afterMs, tls: { does: 'answer', afterMs: below(500) } };
}

/** A host of 1 to 8 such addresses. */
export function randomList(fraction: () => number): HostList {
  const length = 1 + Math.floor(fraction() * 8);
  return Array.from({ length }, (_, index) => randomHost(index, fraction));
}

/** Whether the address answers within a second, TLS included. */
export function answersSoon({ answers, afterMs = 0, tls }: SimulatedHost): boolean {
  if (answers !== true || tls?.does === 'close') return false;
  return afterMs + (tls?.afterMs ?? 0) <= 1_000;
}

/** What must be true of each dialled list. @returns what is wrong, or undefined */
export function faultOf(
  list: HostList,
  { openedAtMs, reason, handshakesAtOnce }: Dialled,
): string | undefined {
  if (handshakesAtOnce > 1) return `${handshakesAtOnce} TLS handshakes at once`;
  if (list.some(answersSoon) && (openedAtMs === undefined || openedAtMs >= 4_000))
    return `one answers within a second, and it ${openedAtMs === undefined ? 'never' : `after ${openedAtMs} ms`} stood: ${reason}`;
  if (openedAtMs !== undefined) return undefined;
  const missing = list.find(({ address }) => reason?.includes(address) !== true);
  return missing === undefined ? undefined : `${missing.address} is not in the reason: ${reason}`;
}
