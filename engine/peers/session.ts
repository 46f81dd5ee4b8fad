import { LIMITS } from '../base/limits.ts';
import type { PeerCertificate } from '../base/ports.ts';
import { enrolmentFrame, readEnrolment, readIssued } from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import {
  type AiocHello,
  handshakeFrame,
  isHandshake,
  probeAnswerFrame,
  probeFrame,
  type RefusalCode,
  readProbe,
  readProbeAnswer,
  readRefusal,
  refusalFrame,
} from '../protocol/messages.ts';
import { checkClientName } from '../protocol/names.ts';
import type {
  Authentication,
  PeerNature,
  SessionAction,
  SessionEnding,
  SessionEvent,
  SessionOptions,
  SessionState,
  SessionTimer,
} from './session-types.ts';

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
    const usualMs = this.#options.role === 'dialler' ? LIMITS.dialTimeoutMs : LIMITS.identityTimeoutMs;
    const delayMs = this.#options.openTimeoutMs ?? usualMs;
    return [{ kind: 'arm', timer: 'open', delayMs }];
  }

  handle(event: SessionEvent): SessionAction[] {
    if (this.#over) return [];
    switch (event.kind) {
      case 'tcp-open':
        this.#state = 'tls';
        return [];
      case 'open':
        return this.#opened(event.certificate);
      case 'frame':
        return this.#frame(event.frame);
      case 'authenticated':
        return this.#authenticated(event.as);
      case 'enrolled':
        return [
          { kind: 'send', frame: event.frame },
          ...this.#finish('closed', 'got its certificate', ['end']),
        ];
      case 'not-enrolled':
        return this.#finish('refused', event.reason, ['destroy']);
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
    const identity: SessionAction = { kind: 'arm', timer: 'identity', delayMs: LIMITS.identityTimeoutMs };
    if (this.#options.role === 'acceptor') {
      this.#state = 'identifying';
      if (this.#options.security !== 'mutual-tls') return [disarm, identity];
      return [disarm, identity, { kind: 'hold-reading' }, { kind: 'authenticate', certificate }];
    }
    const { enrolWith, sourceId } = this.#options;
    if (enrolWith === undefined) return [disarm, ...this.#greet()];
    this.#state = 'enrolling';
    return [
      disarm,
      identity,
      { kind: 'send', frame: enrolmentFrame({ sourceId, certificatePem: enrolWith }) },
    ];
  }

  /** The dialler's first words: its name, where the certificate does not say it, and the probe. */
  #greet(): SessionAction[] {
    this.#state = 'probing';
    const { security, sourceId, destinationId, hello, nonce } = this.#options;
    const handshake: SessionAction[] =
      security === 'mutual-tls'
        ? []
        : [{ kind: 'send', frame: handshakeFrame({ tls: security === 'tls-allow-all', sourceId }) }];
    return [
      { kind: 'identified' },
      ...handshake,
      { kind: 'send', frame: probeFrame({ hello, nonce, sourceId, destinationId }) },
      { kind: 'arm', timer: 'probe', delayMs: LIMITS.probeSilenceMs },
    ];
  }

  #frame(frame: Frame): SessionAction[] {
    switch (this.#state) {
      case 'identifying':
        return this.#identify(frame);
      case 'enrolling':
        return this.#options.role === 'dialler' ? this.#issued(frame) : this.#enrol(frame);
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
    if (!isHandshake(frame, this.#options.security === 'tls-allow-all')) {
      return this.#finish('closed', `its first frame is ${frame.header.message_type}, not a handshake`, [
        'destroy',
      ]);
    }
    try {
      this.#wireName = checkClientName(frame.header['source_id']);
    } catch (error) {
      return this.#finish('closed', (error as Error).message, ['destroy']);
    }
    return [{ kind: 'hold-reading' }, ...this.#introduce()];
  }

  #introduce(): SessionAction[] {
    this.#state = 'wants-in';
    return [
      { kind: 'disarm', timer: 'identity' },
      { kind: 'arm', timer: 'newcomer', delayMs: LIMITS.newcomerTimeoutMs },
      { kind: 'introduce', introduction: { wireName: this.#wireName, certificate: this.#certificate } },
    ];
  }

  /** Mutual TLS: the certificate says who this is, or that it may only ask for one. */
  #authenticated(as: Authentication): SessionAction[] {
    if (this.#state !== 'identifying') return [];
    if (as.kind === 'stranger') return this.#finish('closed', as.reason, ['destroy']);
    if (as.kind === 'default') {
      this.#state = 'enrolling';
      return [{ kind: 'resume-reading' }];
    }
    this.#wireName = as.name;
    return this.#introduce();
  }

  /** A client with the default certificate may say one thing only. */
  #enrol(frame: Frame): SessionAction[] {
    const request = readEnrolment(frame);
    if (request === undefined) {
      const reason = `with the default certificate it may only ask for its own, not send ${frame.header.message_type}`;
      return this.#finish('closed', reason, ['destroy']);
    }
    try {
      this.#wireName = checkClientName(request.name);
    } catch (error) {
      return this.#finish('closed', (error as Error).message, ['destroy']);
    }
    return [{ kind: 'hold-reading' }, { kind: 'enrol', request }];
  }

  #issued(frame: Frame): SessionAction[] {
    const issued = readIssued(frame);
    if (issued === undefined) {
      return this.#finish(
        'closed',
        `it answered the request for a certificate with ${frame.header.message_type}`,
        ['destroy'],
      );
    }
    return [
      { kind: 'issued', issued },
      ...this.#finish('closed', 'a certificate has been issued', ['destroy']),
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
      this.#certificate === undefined || this.#options.security === 'mutual-tls'
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
    if (this.#state === 'established' || this.#state === 'probing' || this.#state === 'draining') {
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
    const from = this.#state;
    this.#state = state;
    this.#over = true;
    const ending = { state, from, reason, whileWaiting, ...(refusedByPeer && { refusedByPeer }) };
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
