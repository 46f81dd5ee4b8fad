import type { Mode } from '../../helpers/configured-connectors.ts';

/** How a row of `campaign:flood` attacks. */
export interface Attack {
  readonly name: string;
  readonly mode: Mode;
  /** Connections at the same time. */
  readonly connections: number;
  /** Addresses that they come from, in as many networks. */
  readonly addresses: number;
  readonly does:
    | 'idle'
    | 'idle in TLS'
    | 'half a ClientHello'
    | 'handshake'
    | 'enrolment'
    | 'made-up name'
    | 'unfinished frame';
  /** New connections a second, at most. Default: as soon as one has ended. */
  readonly perSecond?: number;
  /** How long it lasts at least. Default: until all tries are made. */
  readonly seconds?: number;
}

export const ATTACKS: readonly Attack[] = [
  { name: '34-idle', mode: 'mutual-tls', connections: 34, addresses: 1, does: 'idle' },
  { name: '10-by-60-idle', mode: 'mutual-tls', connections: 600, addresses: 10, does: 'idle' },
  { name: '1000-idle-tls', mode: 'mutual-tls', connections: 1_000, addresses: 1, does: 'idle in TLS' },
  { name: 'half-hellos', mode: 'mutual-tls', connections: 400, addresses: 40, does: 'half a ClientHello' },
  {
    name: '200-handshakes',
    mode: 'mutual-tls',
    connections: 400,
    addresses: 20,
    does: 'handshake',
    perSecond: 200,
  },
  {
    name: '30-enrolments',
    mode: 'mutual-tls',
    connections: 30,
    addresses: 1,
    does: 'enrolment',
    seconds: 60,
  },
  {
    name: '5000-names',
    mode: 'plain',
    connections: 50,
    addresses: 1,
    does: 'made-up name',
    perSecond: 200,
    seconds: 26,
  },
  { name: '25-by-63-mib', mode: 'mutual-tls', connections: 25, addresses: 1, does: 'unfinished frame' },
];

/** The n-th address of the attackers. */
export const attackerAddress = (number: number): string => `127.0.${5 + number}.1`;
