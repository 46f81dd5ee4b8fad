import net from 'node:net';
import tls from 'node:tls';
import {
  attachSocketPath,
  type ConnectorOwner,
  commanderSocketPath,
  nativeListenSocketPath,
  nativeSocketPath,
  receiveSocketPath,
  sendSocketPath,
} from '../../../engine/local/socket-names.ts';
import { frameUnit, handshakeFrame } from './frames.ts';
import { attachUnit, commandUnit, HELLO, packetUnit } from './local-units.ts';
import type { Surface } from './surface.ts';
import { type KeyAndCertificate, LOCAL_CLIENT, SESSIONS, type TargetPlace } from './target.ts';
import { aiocHello, aiocUnit } from './transfers.ts';
import { mutated } from './unit.ts';

const NOTHING = Buffer.alloc(0);
const nothing = (): Buffer => NOTHING;

function overTls(port: number, certificate?: KeyAndCertificate): net.Socket {
  return tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...certificate });
}

/** Names that a connection says before it is known; most are not the name of a session. */
const NAMES = ['fuzz0', 'default1', '', '../x', 'a\\u0000', 'x'.repeat(200), '__proto__', "('127.0.0.1', 1)"];

/** A first frame that should let nobody in, or that is broken. */
function firstFrame(handshake: string | undefined): Surface['unit'] {
  return (dice) => {
    if (handshake === undefined || dice.chance(0.5)) return { ...frameUnit(dice), isBroken: true };
    const bytes = handshakeFrame(handshake, dice.pick(NAMES));
    return { bytes: mutated(bytes, dice), isBroken: true };
  };
}

function peerSurfaces({ mode, port, byDefault, own }: TargetPlace): readonly Surface[] {
  const handshake = {
    plain: '_handshake_no_ssl',
    'tls-allow-all': '_handshake_ssl',
    'mutual-tls': undefined,
  };
  const type = handshake[mode];
  const after = (worker: number): Buffer =>
    type === undefined ? NOTHING : handshakeFrame(type, SESSIONS[worker] as string);
  const isPlain = mode === 'plain';
  const open = (certificate?: KeyAndCertificate) => (): net.Socket =>
    isPlain ? net.connect({ host: '127.0.0.1', port }) : overTls(port, certificate);
  const weights = { plain: [120, 600, 200], 'tls-allow-all': [20, 150, 50], 'mutual-tls': [20, 100, 50] }[
    mode
  ];
  return [
    {
      name: `${mode}, before identity`,
      weight: weights[0] as number,
      units: 1,
      open: open(byDefault),
      prelude: nothing,
      unit: firstFrame(type),
    },
    {
      name: `${mode}, after identity`,
      weight: weights[1] as number,
      units: 64,
      open: (worker) => open(own[worker])(),
      prelude: after,
      unit: frameUnit,
    },
    {
      name: `${mode}, as aioc`,
      weight: weights[2] as number,
      units: 16,
      open: (worker) => open(own[worker])(),
      prelude: (worker) => Buffer.concat([after(worker), aiocHello(SESSIONS[worker] as string)]),
      unit: aiocUnit,
    },
  ];
}

const CLIENT: ConnectorOwner = { role: 'client', name: LOCAL_CLIENT };

function localSurfaces({ clientRun }: TargetPlace): readonly Surface[] {
  const unix = (path: string) => (): net.Socket => net.connect({ path });
  const hello = (): Buffer => HELLO;
  const common = { prelude: nothing, units: 64 };
  return [
    {
      ...common,
      name: 'send socket',
      weight: 250,
      open: unix(sendSocketPath(clientRun, CLIENT)),
      unit: frameUnit,
    },
    {
      ...common,
      name: 'native send socket',
      weight: 200,
      open: unix(nativeSocketPath(clientRun, CLIENT)),
      prelude: hello,
      unit: packetUnit,
    },
    {
      ...common,
      name: 'native listen socket',
      weight: 60,
      open: unix(nativeListenSocketPath(clientRun, CLIENT)),
      prelude: hello,
      unit: packetUnit,
    },
    {
      ...common,
      name: 'commander socket',
      weight: 100,
      open: unix(commanderSocketPath(clientRun, CLIENT)),
      unit: commandUnit,
    },
    {
      ...common,
      name: 'attach socket',
      weight: 100,
      open: unix(attachSocketPath(clientRun, CLIENT)),
      prelude: hello,
      unit: attachUnit,
    },
  ];
}

/** All places at which somebody may write to this target. */
export function surfacesOf(place: TargetPlace): readonly Surface[] {
  return place.mode === 'plain' ? [...peerSurfaces(place), ...localSurfaces(place)] : peerSurfaces(place);
}

/** The socket of a listener for the messages that the target's server receives. */
export function listenerPath({ serverRun, port }: Pick<TargetPlace, 'serverRun' | 'port'>): string {
  const owner: ConnectorOwner = { role: 'server', host: '127.0.0.1', port };
  return receiveSocketPath({ directory: serverRun, owner, messageType: 'any' });
}

export const SOURCES: readonly string[] = [...SESSIONS, LOCAL_CLIENT];
