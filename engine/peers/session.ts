import { LIMITS } from '../base/limits.ts';
import type { PeerCertificate } from '../base/ports.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import {
  type AiocHello,
  handshakeFrame,
  isHandshake,
  type OutFrame,
  probeAnswerFrame,
  probeFrame,
  type RefusalCode,
  readProbe,
  readProbeAnswer,
  readRefusal,
  refusalFrame,
} from '../protocol/messages.ts';
import { checkClientName } from '../protocol/names.ts';

/**
 * Where a connection stands. `enrolling` belongs to mutual TLS: the peer has no certificate of its own yet and may
 * only ask for one.
 */
export type SessionState =
  | 'connecting'
  | 'tls'
  | 'identifying'
  | 'wants-in'
  | 'enrolling'
  | 'probing'
  | 'established'
  | 'superseded'
  | 'draining'
  | 'refused'
  | 'closed';

export type SessionTimer = 'open' | 'identity' | 'newcomer' | 'probe' | 'drain';

/** Who the other end says it is, before anybody has let it in. */
export interface Introduction {
  readonly wireName: string;
  readonly certificate: PeerCertificate | undefined;
}

export type PeerNature = { readonly kind: 'aioc'; readonly hello: AiocHello } | { readonly kind: 'python' };

export type SessionEvent =
  | { readonly kind: 'tcp-open' }
  | { readonly kind: 'open'; readonly certificate: PeerCertificate | undefined }
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'admitted' }
  | { readonly kind: 'rejected'; readonly code: RefusalCode }
  | { readonly kind: 'timer'; readonly timer: SessionTimer }
  /** A newer connection of the same peer has taken over. */
  | { readonly kind: 'superseded' }
  /** Send what is queued, then close. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'drained' }
  | { readonly kind: 'lost'; readonly reason: string };

export type SessionAction =
  | { readonly kind: 'send'; readonly frame: OutFrame }
  | { readonly kind: 'arm'; readonly timer: SessionTimer; readonly delayMs: number }
  | { readonly kind: 'disarm'; readonly timer: SessionTimer }
  | { readonly kind: 'hold-reading' }
  | { readonly kind: 'resume-reading' }
  /** Ask whether this one may come in; the answer is an `admitted` or `rejected` event. */
  | { readonly kind: 'introduce'; readonly introduction: Introduction }
  /** Identity is settled: larger frames are read from here on. */
  | { readonly kind: 'identified' }
  /** The other side is talking to us, though what it is has not been settled yet. */
  | { readonly kind: 'let-in' }
  /** Messages may flow. Comes again when a peer taken for Python turns out to be aioc. */
  | { readonly kind: 'established'; readonly nature: PeerNature }
  /** An application's frame, or one for the part that answers pings and acknowledgements. */
  | { readonly kind: 'deliver'; readonly frame: Frame }
  /** Close after what is queued has left. */
  | { readonly kind: 'end' }
  | { readonly kind: 'destroy' }
  /** The session is over; nothing comes after this. */
  | { readonly kind: 'over'; readonly ending: SessionEnding };

export interface SessionEnding {
  readonly state: 'refused' | 'superseded' | 'closed';
  /** Present when the other side said that it refuses us. */
  readonly refusedByPeer?: RefusalCode;
  /** The connection was closed while we waited to be let in. */
  readonly whileWaiting: boolean;
  readonly reason: string;
}

export interface SessionOptions {
  readonly role: 'dialler' | 'acceptor';
  readonly tls: boolean;
  /** Our name on the wire. */
  readonly sourceId: string;
  /** The other side's, where we know it before it speaks. */
  readonly destinationId: string;
  readonly hello: AiocHello;
  readonly nonce: string;
}

/**
 * One connection's course as a state machine (PROTOCOL §2): events in, actions out, no clock, no socket, so that it
 * runs as it is under a simulated network.
 */
export class Session {
  readonly #options: SessionOptions;
  #state: SessionState = 'connecting';
  #certificate: PeerCertificate | undefined;
  #wireName = '';
  #heardFromPeer = false;
  #over = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The name by which the other side is addressed on the wire. */
  get peerWireName(): string {
    return this.#wireName || this.#options.destinationId;
  }

  /** Timers that run from the moment the session exists. */
  begin(): SessionAction[] {
    const delayMs = this.#options.role === 'dialler' ? LIMITS.dialTimeoutMs : LIMITS.identityTimeoutMs;
    return [{ kind: 'arm', timer: 'open', delayMs }];
  }

  handle(event: SessionEvent): SessionAction[] {
    if (this.#over) return [];
    switch (event.kind) {
      case 'tcp-open':
        this.#state = this.#options.tls ? 'tls' : this.#state;
        return [];
      case 'open':
        return this.#opened(event.certificate);
      case 'frame':
        return this.#frame(event.frame);
      case 'admitted':
        return this.#admitted();
      case 'rejected':
        return this.#rejected(event.code);
      case 'timer':
        return this.#timer(event.timer);
      case 'superseded':
        return this.#finish('superseded', 'a newer connection of the same peer took over', ['destroy']);
      case 'drain':
        return this.#drain();
      case 'drained':
        return this.#state === 'draining' ? this.#finish('closed', 'closed here', ['end']) : [];
      case 'lost':
        return this.#finish('closed', event.reason, []);
    }
  }

  #opened(certificate: PeerCertificate | undefined): SessionAction[] {
    this.#certificate = certificate;
    const disarm: SessionAction = { kind: 'disarm', timer: 'open' };
    if (this.#options.role === 'acceptor') {
      this.#state = 'identifying';
      return [disarm, { kind: 'arm', timer: 'identity', delayMs: LIMITS.identityTimeoutMs }];
    }
    this.#state = 'probing';
    const { tls, sourceId, destinationId, hello, nonce } = this.#options;
    return [
      disarm,
      { kind: 'identified' },
      { kind: 'send', frame: handshakeFrame({ tls, sourceId }) },
      { kind: 'send', frame: probeFrame({ hello, nonce, sourceId, destinationId }) },
      { kind: 'arm', timer: 'probe', delayMs: LIMITS.probeSilenceMs },
    ];
  }

  #frame(frame: Frame): SessionAction[] {
    switch (this.#state) {
      case 'identifying':
        return this.#identify(frame);
      case 'probing':
        return this.#options.role === 'dialler' ? this.#probeAnswered(frame) : this.#firstFrame(frame);
      case 'established':
      case 'draining':
        return this.#established(frame);
      default:
        return [];
    }
  }

  #identify(frame: Frame): SessionAction[] {
    if (!isHandshake(frame, this.#options.tls)) {
      return this.#finish('closed', `its first frame is ${frame.header.message_type}, not a handshake`, [
        'destroy',
      ]);
    }
    try {
      this.#wireName = checkClientName(frame.header['source_id']);
    } catch (error) {
      return this.#finish('closed', (error as Error).message, ['destroy']);
    }
    this.#state = 'wants-in';
    return [
      { kind: 'disarm', timer: 'identity' },
      { kind: 'hold-reading' },
      { kind: 'arm', timer: 'newcomer', delayMs: LIMITS.newcomerTimeoutMs },
      { kind: 'introduce', introduction: { wireName: this.#wireName, certificate: this.#certificate } },
    ];
  }

  #admitted(): SessionAction[] {
    if (this.#state !== 'wants-in') return [];
    this.#state = 'probing';
    return [
      { kind: 'disarm', timer: 'newcomer' },
      { kind: 'identified' },
      { kind: 'arm', timer: 'probe', delayMs: LIMITS.probeHoldMs },
      { kind: 'resume-reading' },
    ];
  }

  #rejected(code: RefusalCode): SessionAction[] {
    if (this.#state !== 'wants-in') return [];
    // In this mode only an aioc client shows a certificate, so only such a one is told; Python is just closed on.
    const tell: SessionAction[] =
      this.#certificate === undefined
        ? []
        : [{ kind: 'send', frame: refusalFrame({ code, sourceId: this.#options.sourceId }) }];
    return [...tell, ...this.#finish('refused', REJECTIONS[code], ['end'])];
  }

  /** The acceptor's half of the probe: a probe means aioc, anything else Python. */
  #firstFrame(frame: Frame): SessionAction[] {
    const probe = readProbe(frame);
    if (probe !== undefined) return this.#answerProbe(probe);
    return [...this.#establish({ kind: 'python' }), { kind: 'deliver', frame }];
  }

  #answerProbe(probe: { readonly hello: AiocHello; readonly nonce: string }): SessionAction[] {
    const { hello, sourceId } = this.#options;
    const answer = probeAnswerFrame({ hello, nonce: probe.nonce, sourceId });
    return [{ kind: 'send', frame: answer }, ...this.#establish({ kind: 'aioc', hello: probe.hello })];
  }

  #probeAnswered(frame: Frame): SessionAction[] {
    const refused = readRefusal(frame);
    if (refused !== undefined) {
      return this.#finish('refused', REFUSALS_HEARD[refused], ['destroy'], refused);
    }
    const answer = readProbeAnswer(frame, this.#options.nonce);
    if (answer !== undefined) return this.#establish(answer);
    if (this.#heardFromPeer) return [{ kind: 'deliver', frame }];
    this.#heardFromPeer = true;
    return [
      { kind: 'let-in' },
      { kind: 'arm', timer: 'probe', delayMs: LIMITS.probeAnswerMs },
      { kind: 'deliver', frame },
    ];
  }

  #establish(nature: PeerNature): SessionAction[] {
    this.#state = 'established';
    return [
      { kind: 'disarm', timer: 'probe' },
      { kind: 'established', nature },
    ];
  }

  #established(frame: Frame): SessionAction[] {
    if (this.#options.role === 'acceptor') {
      // A probe that came late upgrades a peer that was taken for Python (DESIGN §3).
      const probe = readProbe(frame);
      if (probe !== undefined) return this.#answerProbe(probe);
    } else {
      const answer = readProbeAnswer(frame, this.#options.nonce);
      if (answer !== undefined) return this.#establish(answer);
    }
    return [{ kind: 'deliver', frame }];
  }

  #timer(timer: SessionTimer): SessionAction[] {
    switch (timer) {
      case 'open':
        return this.#finish('closed', OPEN_TOO_SLOW[this.#options.role], ['destroy']);
      case 'identity':
        return this.#finish('closed', 'it did not say who it is in time', ['destroy']);
      case 'newcomer':
        return this.#rejected('nobody-answered');
      case 'probe':
        return this.#state === 'probing' ? this.#establish({ kind: 'python' }) : [];
      case 'drain':
        return this.#finish('closed', 'closed here; the other side was too slow to take the rest', [
          'destroy',
        ]);
    }
  }

  #drain(): SessionAction[] {
    if (this.#state === 'established' || this.#state === 'probing') {
      this.#state = 'draining';
      return [{ kind: 'arm', timer: 'drain', delayMs: LIMITS.drainTimeoutMs }];
    }
    return this.#state === 'wants-in'
      ? this.#rejected('stopping')
      : this.#finish('closed', 'closed here', ['destroy']);
  }

  #finish(
    state: SessionEnding['state'],
    reason: string,
    how: readonly ('end' | 'destroy')[],
    refusedByPeer?: RefusalCode,
  ): SessionAction[] {
    const whileWaiting =
      this.#options.role === 'dialler' && this.#state === 'probing' && !this.#heardFromPeer;
    this.#state = state;
    this.#over = true;
    const ending = { state, reason, whileWaiting, ...(refusedByPeer && { refusedByPeer }) };
    return [...how.map((kind): SessionAction => ({ kind })), { kind: 'over', ending }];
  }
}

const OPEN_TOO_SLOW = {
  dialler: 'no answer in time',
  acceptor: 'it did not finish its TLS handshake in time',
} as const;

const REJECTIONS: Readonly<Record<RefusalCode, string>> = {
  declined: 'refused here',
  'nobody-answered': 'nobody here answered in time whether to let it in',
  'too-many-waiting': 'too many others are waiting to be let in',
  stopping: 'this side is stopping',
};

const REFUSALS_HEARD: Readonly<Record<RefusalCode, string>> = {
  declined: 'the other side said no',
  'nobody-answered': 'nobody at the other side answered in time',
  'too-many-waiting': 'too many others are waiting there',
  stopping: 'the other side is stopping',
};
