import type { Connection, Ports } from '../base/ports.ts';
import type { Phase, SecurityMode } from '../contract/views.ts';
import type { AiocHello } from '../protocol/messages.ts';
import type { HeartbeatRules } from './heartbeat.ts';
import type { KnownKinds } from './known-kinds.ts';
import { Link } from './link.ts';
import type { LinkOptions } from './link-types.ts';
import { describeNetworkError } from './network-errors.ts';
import type { Peer, PeerDescription } from './peer.ts';
import type { Registry } from './registry.ts';
import type { IdentifiedKind, SessionOptions } from './session-types.ts';
import type { Traffic } from './traffic.ts';
import type { TrafficLog } from './traffic-log.ts';

/** Keeps the conversations with peers, each for one certificate. */
export interface PeerKeeper {
  /** Called before a machine is connected. @returns why it must not be */
  prepare(fingerprint: string): Promise<string | undefined>;
  /** Called before messages flow. */
  established(peer: EstablishedPeer): void;
}

/** What the endpoint of a server and that of a client need. */
export interface EndpointOptions {
  readonly ports: Ports;
  readonly security: SecurityMode;
  readonly hello: AiocHello;
  readonly registry: Registry;
  readonly knownKinds: KnownKinds;
  readonly traffic: Traffic;
  readonly log: TrafficLog;
  readonly fingerprintWords: (fingerprint: string) => string;
  readonly setPhase: (phase: Phase) => void;
  /** Of the chat. */
  readonly keeper?: PeerKeeper | undefined;
  /** See LinkOptions. */
  readonly heartbeatOf: (kind: IdentifiedKind['kind']) => HeartbeatRules | undefined;
}

interface NewLink extends Pick<LinkOptions<Link>, 'owner' | 'generation' | 'onOpen'> {
  readonly connection: Connection;
  readonly session: Omit<SessionOptions, 'security' | 'hello' | 'nonce'>;
}

/** A link on a new connection; not started yet. */
export function newLink(options: EndpointOptions, { session, ...own }: NewLink): Link {
  const { ports, security, hello, traffic, heartbeatOf } = options;
  const nonce = ports.random.bytes(16).toString('hex');
  return new Link({
    ...own,
    clock: ports.clock,
    traffic,
    heartbeatOf,
    describe: describeNetworkError,
    session: { ...session, security, hello, nonce },
  });
}

/** The certificate that the peer of a link has shown, as part of its description. */
export function shownCertificate(
  { fingerprintWords }: EndpointOptions,
  link: Link,
): Partial<PeerDescription> {
  if (link.certificate === undefined) return { certificate: 'none' };
  const { fingerprint, notBeforeMs, notAfterMs, issuer, claimedName } = link.certificate;
  const words = fingerprintWords(fingerprint);
  return { certificate: { fingerprint, words, notBeforeMs, notAfterMs, issuer, claimedName } };
}

export interface EstablishedPeer {
  readonly link: Link;
  readonly peer: Peer;
  readonly peerKind: IdentifiedKind;
}

interface ConnectPeerOptions {
  /** What else the connection has shown of the peer. */
  readonly description?: Partial<PeerDescription>;
  /** See Peer.connect. */
  readonly supersededFrom?: string | undefined;
}

/**
 * The kind of the peer is known: records it, and lets messages flow over this link.
 *
 * @returns false if they already do: the peer counted as Python, and has identified itself as aioc
 */
export function connectPeer(
  { registry, knownKinds, keeper }: EndpointOptions,
  { link, peer, peerKind }: EstablishedPeer,
  { description = {}, supersededFrom }: ConnectPeerOptions = {},
): boolean {
  knownKinds.learn(link, peer, peerKind);
  keeper?.established({ link, peer, peerKind });
  const name = peerKind.kind === 'aioc' ? { name: peerKind.hello.name } : {};
  registry.identify(peer, { ...description, peerKind, tls: link.connection.tlsFacts?.(), ...name });
  if (peer.connect(link, { supersededFrom })) return true;
  knownKinds.logLateIdentification(peer, peerKind);
  return false;
}

/** Reports a peer that has just connected, and measures its round trip. */
export function announcePeer(
  { log, traffic }: EndpointOptions,
  { peer, peerKind }: EstablishedPeer,
  how: 'connected from' | 'connected to',
): void {
  const kind = peerKind.kind === 'aioc' ? `aioc ${peerKind.hello.version}` : 'Python';
  log.event(`${how} ${peer.address} (${kind})`, { peerName: peer.name });
  traffic.connected(peer);
  traffic.ping(peer).catch(() => undefined);
}
