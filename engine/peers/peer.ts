import type { Clock, TlsFacts } from '../base/ports.ts';
import { RateMeter } from '../base/rate-meter.ts';
import type { Cause, PeerKind, PeerState, Retry } from '../contract/views.ts';
import type { MessageSource, StoredPosition } from '../queues/message-source.ts';
import type { Link } from './link.ts';
import { Receiver } from './receiver.ts';
import { Sender, type SenderOptions } from './sender.ts';
import type { IdentifiedKind, SessionEnding } from './session-types.ts';

export interface PeerOptions
  extends Pick<SenderOptions, 'store' | 'budget' | 'random' | 'whenFull' | 'revive' | 'capacityOf'> {
  /** What the application has stored of this peer's messages, in this run or an earlier one. */
  readonly storedOf: (peer: Peer) => readonly StoredPosition[];
  /** See ReceiverOptions. */
  readonly gone: (type: string, source: MessageSource) => void;
  readonly id: string;
  readonly wireName: string;
  readonly name: string;
  readonly address: string;
  /** Names this peer's streams in the store; stable across restarts for a peer that is known by name. */
  readonly streamKey: string;
  /** The current name of this connector on the wire. */
  readonly sourceId: () => string;
  readonly clock: Clock;
  readonly onChange: () => void;
}

/** What a connection shows of its peer. */
export interface PeerDescription {
  /** Its display name; unique among the peers of this connector. */
  readonly name: string;
  readonly address: string;
  readonly certificate:
    | {
        readonly fingerprint: string;
        readonly words: string;
        readonly notBeforeMs?: number | undefined;
        readonly notAfterMs?: number | undefined;
        readonly issuer?: string | undefined;
        /** The name in it. */
        readonly claimedName?: string | undefined;
      }
    | 'none';
  /** Of this connection. */
  readonly tls: TlsFacts | undefined;
  readonly peerKind: IdentifiedKind;
}

/** Why a peer is not connected, and when this side tries again. */
interface Away {
  readonly cause?: Cause;
  readonly retry?: Retry;
}

/** A peer, connected or not: what is known about it, and its queues. Only the peer itself changes its state. */
export class Peer {
  readonly id: string;
  readonly wireName: string;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly inRate: RateMeter;
  readonly outRate: RateMeter;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #keptAs: string | undefined;
  #name: string;
  #address: string;
  #certificate: PeerDescription['certificate'] = 'none';
  #instance: string | undefined;
  #version: string | undefined;
  #tls: TlsFacts | undefined;
  #kind: PeerKind = 'unknown';
  #lagMs: number | undefined;
  readonly #ignored = { in: 0, out: 0 };
  #forgedIn = 0;
  #link: Link | undefined;
  #state: PeerState = 'connecting';
  #sinceMs: number;
  #reason: string | undefined;
  #away: Away = {};

  constructor(options: PeerOptions) {
    const { id, wireName, name, address, streamKey, clock, onChange } = options;
    const { sourceId, store, budget, random, whenFull, revive, capacityOf, storedOf, gone } = options;
    this.id = id;
    this.wireName = wireName;
    this.#name = name;
    this.#address = address;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#sinceMs = clock.wallNow();
    this.inRate = new RateMeter(clock);
    this.outRate = new RateMeter(clock);
    const sending = { clock, random, store, budget, whenFull, revive, capacityOf };
    this.sender = new Sender({
      ...{ ...sending, onChange, sourceId, destinationId: wireName },
      streamKey: () => this.#keptAs ?? streamKey,
    });
    this.receiver = new Receiver({ peerName: wireName, stored: () => storedOf(this), gone });
  }

  /** Its display name; unique among the peers of this connector. */
  get name(): string {
    return this.#name;
  }

  get address(): string {
    return this.#address;
  }

  get fingerprint(): string | undefined {
    return this.#certificate === 'none' ? undefined : this.#certificate.fingerprint;
  }

  /** Its fingerprint in words, to compare by phone. */
  get words(): string | undefined {
    return this.#certificate === 'none' ? undefined : this.#certificate.words;
  }

  /** When its certificate ends, in milliseconds since 1970. */
  get certificateEndsAtMs(): number | undefined {
    return this.#certificate === 'none' ? undefined : this.#certificate.notAfterMs;
  }

  /** The run of the peer's program; only aioc peers announce it. */
  get instance(): string | undefined {
    return this.#instance;
  }

  /** The version of its program; only aioc peers announce it. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Of the last connection. */
  get tls(): TlsFacts | undefined {
    return this.#tls;
  }

  /** What it has shown; undefined for none. */
  get certificate(): Exclude<PeerDescription['certificate'], 'none'> | undefined {
    return this.#certificate === 'none' ? undefined : this.#certificate;
  }

  get kind(): PeerKind {
    return this.#kind;
  }

  /** The last measured round trip of this connection. */
  get lagMs(): number | undefined {
    return this.#lagMs;
  }

  /** Messages from it that were dropped because it is ignored. */
  get ignoredIn(): number {
    return this.#ignored.in;
  }

  /** Messages to it that were dropped because it is ignored. */
  get ignoredOut(): number {
    return this.#ignored.out;
  }

  /** Dropped frames that named another source. */
  get forgedIn(): number {
    return this.#forgedIn;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  get state(): PeerState {
    return this.#state;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** Why it is not connected, if that is known. */
  get cause(): Cause | undefined {
    return this.#away.cause;
  }

  /** When this side tries to connect again. */
  get retry(): Retry | undefined {
    return this.#away.retry;
  }

  /** The fingerprint to which its conversation and its lines on disk belong. */
  get keptAs(): string | undefined {
    return this.#keptAs;
  }

  /** Queues that are made from now on are stored under this fingerprint. */
  keepAs(fingerprint: string): void {
    this.#keptAs = fingerprint;
  }

  /** Records what a connection has shown of the peer; what is left out stays as it is. */
  identify({ name, address, certificate, tls, peerKind }: Partial<PeerDescription>): void {
    this.#name = name ?? this.#name;
    this.#address = address ?? this.#address;
    this.#certificate = certificate ?? this.#certificate;
    this.#tls = tls ?? this.#tls;
    if (peerKind === undefined) return;
    this.#kind = peerKind.kind;
    this.#version = peerKind.kind === 'aioc' ? peerKind.hello.version : undefined;
    if (peerKind.kind === 'aioc') this.#instance = peerKind.hello.instance;
  }

  /** A ping was answered. */
  measured(lagMs: number): void {
    this.#lagMs = lagMs;
  }

  /** Messages from it, or to it, were dropped because it is ignored. */
  countIgnored(direction: 'in' | 'out', count: number): void {
    this.#ignored[direction] += count;
  }

  become(state: PeerState, reason?: string, away: Away = {}): void {
    // A failed attempt does not change since when it is away.
    const isSame = state === this.#state || (isAway(state) && isAway(this.#state));
    if (!isSame) this.#sinceMs = this.#clock.wallNow();
    this.#state = state;
    this.#reason = reason;
    this.#away = away;
    this.#onChange();
  }

  /** The peer sends frames, but its kind is not known yet: nothing is sent to it. */
  receiveFrom(link: Link): void {
    this.#link = link;
    this.become('connected');
  }

  /**
   * Messages flow over this connection from now on; an older connection is superseded.
   *
   * @param options `supersededFrom`: the older connection belongs to another program; the address of the new one
   * @returns false if this connection was already in use
   */
  connect(link: Link, { supersededFrom }: { readonly supersededFrom?: string | undefined } = {}): boolean {
    const older = this.#link;
    this.#link = link;
    if (older !== link) older?.supersede(supersededFrom);
    const replaced = supersededFrom === undefined ? undefined : older?.connection.remoteAddress;
    this.become(
      'connected',
      replaced && `it replaced a connection from ${replaced}: do two clients use this client_name?`,
    );
    this.receiver.attach(link);
    return this.sender.attach(link);
  }

  /** The connection has ended. The end of an older one changes nothing. */
  disconnect(link: Link, { reason, cause }: Pick<SessionEnding, 'reason' | 'cause'>): boolean {
    if (this.#link !== link) return false;
    this.#link = undefined;
    this.#lagMs = undefined;
    this.sender.detach();
    this.receiver.detach();
    this.become('away', reason, { cause });
    return true;
  }

  /** A frame that named another source has been dropped. */
  countForged(): void {
    this.#forgedIn += 1;
    this.#onChange();
  }
}

function isAway(state: PeerState): boolean {
  return state === 'away' || state === 'connecting';
}
