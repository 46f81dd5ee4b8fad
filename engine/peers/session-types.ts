import type { PeerCertificate } from '../base/ports.ts';
import type { Cause, SecurityMode } from '../contract/views.ts';
import type { EnrolmentRequest, EnrolmentTerms, IssuedCertificate } from '../protocol/enrolment.ts';
import type { AiocHello, OutFrame, Refusal, RefusalCode } from '../protocol/messages.ts';
import type { EnrolmentOrigin } from '../security/enrolment.ts';

/**
 * The state of a connection. `enrolling` belongs to mutual TLS: the peer has no certificate of its own yet and may only
 * request one.
 */
export type SessionState =
  | 'connecting'
  | 'tls'
  | 'identifying'
  | 'awaiting-admission'
  | 'enrolling'
  | 'probing'
  | 'established'
  | 'superseded'
  | 'draining'
  | 'refused'
  | 'closed';

export type SessionTimer = 'hello' | 'identity' | 'enrolment' | 'joinRequest' | 'probe' | 'drain';

/** The name and certificate that a client presents, before it is admitted. */
export interface Introduction {
  readonly wireName: string;
  readonly certificate: PeerCertificate | undefined;
}

export type IdentifiedKind =
  | { readonly kind: 'aioc'; readonly hello: AiocHello }
  | { readonly kind: 'python' };

/** What a client's certificate says about it, in mutual TLS. */
export type Authentication =
  | { readonly kind: 'client'; readonly name: string }
  /** The shared default certificate: it may only request a certificate of its own. */
  | { readonly kind: 'default' }
  | { readonly kind: 'stranger'; readonly reason: string };

/** What a client sends to request a certificate. */
export interface Proposal {
  readonly certificatePem: string;
  readonly proof?: Buffer;
  readonly invitation?: string;
}

export type SessionEvent =
  | { readonly kind: 'tcp-open' }
  /** On a server: the client's first message of TLS has arrived. */
  | { readonly kind: 'hello' }
  /**
   * `knownAsAioc`: the peer has identified itself as aioc on an earlier connection; a client knows that at this point.
   * `isForEnrolment`: TLS has selected ENROLMENT_PROTOCOL.
   */
  | {
      readonly kind: 'open';
      readonly certificate: PeerCertificate | undefined;
      readonly knownAsAioc: boolean;
      readonly isForEnrolment?: boolean;
    }
  /** The answer to `authenticate`. */
  | { readonly kind: 'authenticated'; readonly as: Authentication }
  /** The answer to `propose`. */
  | { readonly kind: 'proposed'; readonly proposal: Proposal }
  /** The answer to `enrol`: the frame to send. */
  | { readonly kind: 'enrolled'; readonly frame: OutFrame }
  /** An aioc client receives the reason, and this server's clock, since dates may be the cause. */
  | { readonly kind: 'not-enrolled'; readonly reason: string; readonly wallNowMs: number }
  /** `knownAsAioc`: as for `open`; a server knows it at this point. */
  | { readonly kind: 'admitted'; readonly knownAsAioc: boolean }
  /**
   * `isAioc`: it has identified itself as aioc before, so it receives the refusal even where a Python client would only
   * be disconnected.
   */
  | { readonly kind: 'rejected'; readonly code: RefusalCode; readonly isAioc?: boolean }
  | { readonly kind: 'timer'; readonly timer: SessionTimer }
  /**
   * A newer connection of the same peer has taken over. `from`: it belongs to another program; an aioc peer is
   * notified.
   */
  | { readonly kind: 'superseded'; readonly from?: string }
  /** Send what is queued, then close. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'drained' }
  /** `byPeer`: the peer or the network ended it, not this connector. */
  | {
      readonly kind: 'lost';
      readonly reason: string;
      readonly cause?: Cause;
      readonly byPeer?: boolean;
    };

export type SessionAction =
  | { readonly kind: 'send'; readonly frame: OutFrame }
  | { readonly kind: 'arm'; readonly timer: SessionTimer; readonly delayMs: number }
  | { readonly kind: 'disarm'; readonly timer: SessionTimer }
  | { readonly kind: 'hold-reading' }
  | { readonly kind: 'resume-reading' }
  /** Identify the client by this certificate. */
  | { readonly kind: 'authenticate'; readonly certificate: PeerCertificate | undefined }
  /** Issue a certificate for this name, or accept the one that the client has made. */
  | {
      readonly kind: 'enrol';
      readonly request: EnrolmentRequest;
      readonly presented: EnrolmentOrigin['presented'];
    }
  /** Create the certificate to request; the answer is a `proposed` event. */
  | { readonly kind: 'propose'; readonly terms: EnrolmentTerms | undefined }
  /** The server has issued a certificate to this client. */
  | { readonly kind: 'issued'; readonly issued: IssuedCertificate }
  /** The server's answer to a renewal of this client's certificate. `refusal`: why it does not accept the new one. */
  | { readonly kind: 'renewal-answered'; readonly refusal?: string }
  /** Ask whether to admit this client; the answer is an `admitted` or `rejected` event. */
  | { readonly kind: 'introduce'; readonly introduction: Introduction }
  /** The peer is identified: larger frames may be read from now on. */
  | { readonly kind: 'identified' }
  /** The peer sends frames, but its kind is not known yet. */
  | { readonly kind: 'accepted' }
  /** Messages may flow. Repeated if a peer that counted as Python identifies itself as aioc. */
  | { readonly kind: 'established'; readonly peerKind: IdentifiedKind }
  /** Close after the queued frames are sent. */
  | { readonly kind: 'end' }
  | { readonly kind: 'destroy' }
  /** The session has ended; no action follows. */
  | { readonly kind: 'over'; readonly ending: SessionEnding };

/** What a received frame means. */
export interface FrameOutcome {
  /** Performed before the frame is delivered. */
  readonly actions: readonly SessionAction[];
  /** Whether the frame is for the application, or for the part that answers pings and acks. */
  readonly deliver: boolean;
}

export interface SessionEnding {
  readonly state: 'refused' | 'superseded' | 'closed';
  /** Present if the peer sent a refusal. */
  readonly refusal?: Refusal;
  /** Present if the server reported that a newer connection of this name took over: the address of that one. */
  readonly supersededFrom?: string;
  /** The peer or the network ended it, not this connector. */
  readonly byPeer?: boolean;
  /** The connection was closed while this client waited for admission. */
  readonly whileWaiting: boolean;
  /** The state in which it ended. */
  readonly from: SessionState;
  readonly reason: string;
  readonly cause: Cause;
}

export interface SessionOptions {
  readonly role: 'client' | 'server';
  readonly security: SecurityMode;
  /** A client in mutual TLS that has no certificate yet requests one, and does nothing else. */
  readonly enrols?: boolean;
  /** A server in mutual TLS: what it demands of certificates that clients make. */
  readonly terms?: EnrolmentTerms;
  /** The name of this connector on the wire. */
  readonly sourceId: string;
  /** The peer's name, if it is known before the peer sends anything. */
  readonly destinationId: string;
  readonly hello: AiocHello;
  /** Identifies the answer to this session's probe. */
  readonly nonce: string;
}
