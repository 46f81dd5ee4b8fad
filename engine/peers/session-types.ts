import type { PeerCertificate } from '../base/ports.ts';
import type { SecurityMode } from '../contract/views.ts';
import type { EnrolmentRequest, IssuedCertificate } from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import type { AiocHello, OutFrame, Refusal, RefusalCode } from '../protocol/messages.ts';

/**
 * Where a connection stands. `enrolling` belongs to mutual TLS: the peer has no certificate of its own yet and may
 * only ask for one.
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

export type SessionTimer = 'open' | 'identity' | 'joinRequest' | 'probe' | 'drain';

/** Who the other end says it is, before anybody has let it in. */
export interface Introduction {
  readonly wireName: string;
  readonly certificate: PeerCertificate | undefined;
}

export type IdentifiedKind =
  | { readonly kind: 'aioc'; readonly hello: AiocHello }
  | { readonly kind: 'python' };

/** What the certificate that a client has shown says about it, in mutual TLS. */
export type Authentication =
  | { readonly kind: 'client'; readonly name: string }
  /** The shared default certificate: it may ask for one of its own, and nothing else. */
  | { readonly kind: 'default' }
  | { readonly kind: 'stranger'; readonly reason: string };

export type SessionEvent =
  | { readonly kind: 'tcp-open' }
  /** `knownAsAioc`: the other side has shown itself as aioc on an earlier connection; a dialler knows that now. */
  | {
      readonly kind: 'open';
      readonly certificate: PeerCertificate | undefined;
      readonly knownAsAioc: boolean;
    }
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The answer to `authenticate`. */
  | { readonly kind: 'authenticated'; readonly as: Authentication }
  /** The answer to `enrol`: what to send. */
  | { readonly kind: 'enrolled'; readonly frame: OutFrame }
  /** An aioc client is told the reason, and what the clock says here, since dates may be the matter. */
  | { readonly kind: 'not-enrolled'; readonly reason: string; readonly wallNowMs: number }
  /** `knownAsAioc`: as for `open`; an acceptor knows it now. */
  | { readonly kind: 'admitted'; readonly knownAsAioc: boolean }
  /** `isAioc`: it has shown itself as aioc before, and so is told also where a Python client would be closed on. */
  | { readonly kind: 'rejected'; readonly code: RefusalCode; readonly isAioc?: boolean }
  | { readonly kind: 'timer'; readonly timer: SessionTimer }
  /** A newer connection of the same peer has taken over; where `from` is given, it is another's, and an aioc is told. */
  | { readonly kind: 'superseded'; readonly from?: string }
  /** Send what is queued, then close. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'drained' }
  /** `byPeer`: the other side, or the network, has ended it, not we. */
  | { readonly kind: 'lost'; readonly reason: string; readonly byPeer?: boolean };

export type SessionAction =
  | { readonly kind: 'send'; readonly frame: OutFrame }
  | { readonly kind: 'arm'; readonly timer: SessionTimer; readonly delayMs: number }
  | { readonly kind: 'disarm'; readonly timer: SessionTimer }
  | { readonly kind: 'hold-reading' }
  | { readonly kind: 'resume-reading' }
  /** Ask who shows this certificate. */
  | { readonly kind: 'authenticate'; readonly certificate: PeerCertificate | undefined }
  /** Make a certificate for this name, or take the one that it has made itself. */
  | { readonly kind: 'enrol'; readonly request: EnrolmentRequest }
  /** The server has given us a certificate of our own. */
  | { readonly kind: 'issued'; readonly issued: IssuedCertificate }
  /** Ask whether this one may come in; the answer is an `admitted` or `rejected` event. */
  | { readonly kind: 'introduce'; readonly introduction: Introduction }
  /** Identity is settled: larger frames are read from here on. */
  | { readonly kind: 'identified' }
  /** The other side is talking to us, though what it is has not been settled yet. */
  | { readonly kind: 'accepted' }
  /** Messages may flow. Comes again when a peer taken for Python turns out to be aioc. */
  | { readonly kind: 'established'; readonly peerKind: IdentifiedKind }
  /** An application's frame, or one for the part that answers pings and acknowledgements. */
  | { readonly kind: 'deliver'; readonly frame: Frame }
  /** Close after what is queued has left. */
  | { readonly kind: 'end' }
  | { readonly kind: 'destroy' }
  /** The session is over; nothing comes after this. */
  | { readonly kind: 'over'; readonly ending: SessionEnding };

export interface SessionEnding {
  readonly state: 'refused' | 'superseded' | 'closed';
  /** Present when the other side said that it refuses us, and why. */
  readonly refusal?: Refusal;
  /** Present when the server said that a newer connection of our name took our place: where that came from. */
  readonly supersededFrom?: string;
  /** The other side, or the network, has ended it, not we. */
  readonly byPeer?: boolean;
  /** The connection was closed while we waited to be let in. */
  readonly whileWaiting: boolean;
  /** The state in which it ended. */
  readonly from: SessionState;
  readonly reason: string;
}

export interface SessionOptions {
  readonly role: 'client' | 'server';
  readonly security: SecurityMode;
  /** A client in mutual TLS that has none yet: asks for one, with the certificate that it has made itself. */
  readonly enrolWith?: string;
  /** Our name on the wire. */
  readonly sourceId: string;
  /** The other side's, where we know it before it speaks. */
  readonly destinationId: string;
  readonly hello: AiocHello;
  /** By which the answer to our probe is known as one to us. */
  readonly nonce: string;
}
