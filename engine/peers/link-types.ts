import type { MemoryBudget } from '../base/memory-budget.ts';
import type { Clock, Connection, PeerCertificate } from '../base/ports.ts';
import type { EnrolmentRequest, EnrolmentTerms, IssuedCertificate } from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { Header } from '../protocol/header.ts';
import type { Ack } from '../protocol/messages.ts';
import type { StreamAckFrame } from '../protocol/stream-frames.ts';
import type { TransferFrame } from '../protocol/transfer-frames.ts';
import type { EnrolmentOrigin } from '../security/enrolment.ts';
import type { Disposition, FileSink } from './file-sink.ts';
import type { HeartbeatRules } from './heartbeat.ts';
import type { IdentifiedKind, Introduction, SessionEnding, SessionOptions } from './session-types.ts';

/** Receives the events of a link's session. */
export interface LinkOwner<Link> {
  /** A client asks to connect. Answer with `admit` or `reject`. */
  introduced(link: Link, introduction: Introduction): void;
  onAccepted(link: Link): void;
  /** Mutual TLS: identify the client by this certificate. Answer with `authenticated`. */
  authenticate(link: Link, certificate: PeerCertificate | undefined): void;
  /** Mutual TLS: the client requests a certificate. Answer with `enrolled` or `notEnrolled`. */
  enrol(link: Link, request: EnrolmentRequest, presented: EnrolmentOrigin['presented']): void;
  /** Mutual TLS: this client requests a certificate. Answer with `proposed`. */
  propose(link: Link, terms: EnrolmentTerms | undefined): void;
  /** Whether the peer has identified itself as aioc before; called when its name and certificate are known. */
  knownAsAioc(link: Link): boolean;
  /** Mutual TLS: the server has issued a certificate to this client. */
  issued(link: Link, issued: IssuedCertificate): void;
  /** Mutual TLS: the server's answer to a renewal of this client's certificate; `refusal`: why it refuses it. */
  renewalAnswered(link: Link, refusal?: string): void;
  established(link: Link, peerKind: IdentifiedKind): void;
  over(link: Link, ending: SessionEnding): void;
}

/** Receives the frames of a link. */
export interface LinkTraffic<Link> {
  readonly budget: MemoryBudget;
  /** The largest accepted message, in bytes of data and binary. Absent: LIMITS.messageBytes. */
  readonly messageMaxBytes?: number;
  /**
   * A frame that must not be delivered, because it names another source than the session's peer.
   *
   * @param rejectionReason why
   */
  forged(link: Link, frame: Frame, rejectionReason: string): Promise<Disposition> | Disposition;
  /** An application's messages. They are acknowledged when they, and those before them, are settled. */
  messages(link: Link, frame: Frame): Promise<Disposition> | Disposition;
  file(link: Link, frame: Frame, sizeBytes: number): Promise<FileSink>;
  acknowledged(link: Link, ack: Ack): void;
  /** An aioc peer has acknowledged messages of several streams at once. */
  onStreamAcks(link: Link, acks: StreamAckFrame): void;
  /** A frame about a file that crosses beside the messages. */
  transfer(link: Link, frame: TransferFrame): Promise<void> | undefined;
  /** An answer to a ping of this connector or of a local program. */
  pong(link: Link, frame: Frame): void;
  /** @returns how to acknowledge it; undefined: not at all */
  oversized(link: Link, header: Header, sizeBytes: number): Promise<Disposition> | Disposition | undefined;
  writable(link: Link): void;
}

export interface LinkOptions<Link> {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly session: SessionOptions;
  readonly owner: LinkOwner<Link>;
  readonly traffic: LinkTraffic<Link>;
  /** Increases with every connection, so that a newer connection can be distinguished from an older one. */
  readonly generation: number;
  /** When to close a silent connection, by the kind of peer; undefined: never. */
  readonly heartbeatOf: (kind: IdentifiedKind['kind']) => HeartbeatRules | undefined;
  /** Describes a network error for people. */
  readonly describe: (error: Error | undefined) => string;
  /** TCP and TLS are established; the certificate is known. */
  readonly onOpen?: () => void;
}
