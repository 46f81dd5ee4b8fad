import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock, Connection, PeerCertificate } from '../base/ports.ts';
import type { EnrolmentRequest, IssuedCertificate } from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import type { Ack } from '../protocol/messages.ts';
import type { StreamAckFrame } from '../protocol/stream-frames.ts';
import type { Disposition, FileSink } from './file-sink.ts';
import type { HeartbeatRules } from './heartbeat.ts';
import type { IdentifiedKind, Introduction, SessionEnding, SessionOptions } from './session-types.ts';

/** Whom a link tells about its own course. */
export interface LinkOwner<Link> {
  /** Somebody wants in; answer with `admit` or `reject`. */
  introduced(link: Link, introduction: Introduction): void;
  onAccepted(link: Link): void;
  /** Mutual TLS: who shows this certificate? Answer with `authenticated`. */
  authenticate(link: Link, certificate: PeerCertificate | undefined): void;
  /** Mutual TLS: it asks for a certificate. Answer with `enrolled` or `notEnrolled`. */
  enrol(link: Link, request: EnrolmentRequest): void;
  /** Whether the other end has shown itself as aioc before; asked when the link knows its name and certificate. */
  knownAsAioc(link: Link): boolean;
  /** Mutual TLS: the server has given us one. */
  issued(link: Link, issued: IssuedCertificate): void;
  established(link: Link, peerKind: IdentifiedKind): void;
  over(link: Link, ending: SessionEnding): void;
}

/** Whom a link gives what arrives on it. */
export interface LinkTraffic<Link> {
  readonly budget: MemoryBudget;
  /**
   * A frame of which nothing may be shown, since it is not under the session's name.
   *
   * @param objection why
   */
  forged(link: Link, frame: Frame, rejectionReason: string): Promise<Disposition> | Disposition;
  /** An application's message. It is acknowledged when this is dealt with, and those before it. */
  message(link: Link, frame: Frame): Promise<Disposition> | Disposition;
  file(link: Link, frame: Frame, sizeBytes: number): Promise<FileSink>;
  acknowledged(link: Link, ack: Ack): void;
  /** An aioc peer says how far it has what it was sent. */
  onStreamAcks(link: Link, acks: StreamAckFrame): void;
  /** An answer to a ping, of ours or of a local program. */
  pong(link: Link, frame: Frame): void;
  /** @returns what its sender is told; undefined: nothing */
  oversized(link: Link, header: Header, sizeBytes: number): Promise<Disposition> | Disposition | undefined;
  writable(link: Link): void;
}

export interface LinkOptions<Link> {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly session: SessionOptions;
  readonly owner: LinkOwner<Link>;
  readonly traffic: LinkTraffic<Link>;
  /** Rises with every connection, so that an old one can be told from a new one. */
  readonly generation: number;
  /** When one that is silent is given up, by what the other side is; undefined: never. */
  readonly heartbeatOf: (kind: IdentifiedKind['kind']) => HeartbeatRules | undefined;
  /** How an error of the network reads for a person. */
  readonly describe: (error: Error | undefined) => string;
  /** TCP and TLS are done; the certificate is known. */
  readonly onOpen?: () => void;
}
