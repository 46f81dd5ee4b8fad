import { LIMITS } from '../base/limits.ts';
import type { PeerCertificate } from '../base/ports.ts';
import { isEnrolmentFrame } from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import {
  handshakeFrame,
  isHandshake,
  type OutFrame,
  readRefusal,
  readSuperseded,
  refusalFrame,
  supersededFrame,
} from '../protocol/messages.ts';
import { AIOC_TYPE, checkClientName } from '../protocol/names.ts';
import { causeOfRefusal } from './causes.ts';
import { type Identification, Probe } from './probe.ts';
import { type EnrolmentStep, SessionEnrolment } from './session-enrolment.ts';
import { PEER_REFUSALS, REJECTIONS, STILL_AIOC, TOO_SLOW, UNLIKE_PYTHON } from './session-messages.ts';
import type {
  Authentication,
  FrameOutcome,
  IdentifiedKind,
  SessionAction,
  SessionEnding,
  SessionEvent,
  SessionOptions,
  SessionState,
  SessionTimer,
} from './session-types.ts';

/** A frame that is delivered and means nothing else, like nearly every frame: it costs no object. */
const DELIVER: FrameOutcome = { actions: [], deliver: true };

/**
 * The state machine of one connection (PROTOCOL §2): events in, actions out. It has no clock and no socket, so it also
 * runs under a simulated network.
 */
export class Session {
  readonly #options: SessionOptions;
  #state: SessionState = 'connecting';
  #certificate: PeerCertificate | undefined;
  #wireName = '';
  #hasReceived = false;
  #over = false;
  #probeOnceNamed: Probe | undefined;
  /** The peer has identified itself as aioc on an earlier connection. */
  #knownAsAioc = false;
  #peerKind: IdentifiedKind['kind'] | undefined;
  #enrolment: SessionEnrolment;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#enrolment = new SessionEnrolment(options, false);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The peer's name on the wire. */
  get peerWireName(): string {
    return this.#wireName || this.#options.destinationId;
  }

  get #probe(): Probe {
    const { hello, nonce, sourceId, role } = this.#options;
    this.#probeOnceNamed ??= new Probe({ hello, nonce, sourceId, role, destinationId: this.peerWireName });
    return this.#probeOnceNamed;
  }

  /** Timers that start with the session. A client's connection has its own deadline. */
  begin(): SessionAction[] {
    if (this.#options.role === 'client') return [];
    return [armed('hello', LIMITS.helloTimeoutMs), armed('identity', LIMITS.identityTimeoutMs)];
  }

  handle(event: SessionEvent): SessionAction[] {
    if (this.#over) return [];
    switch (event.kind) {
      case 'tcp-open':
        this.#state = 'tls';
        return [];
      case 'hello':
        return [{ kind: 'disarm', timer: 'hello' }];
      case 'open':
        return this.#opened(event);
      case 'authenticated':
        return this.#authenticated(event.as);
      case 'proposed':
        return this.#state === 'enrolling' ? this.#enrolment.proposed(event.proposal) : [];
      case 'enrolled':
      case 'not-enrolled':
        return this.#enrolmentAnswered(event);
      case 'admitted':
        return this.#admitted(event.knownAsAioc);
      case 'rejected':
        return this.#rejected(event);
      case 'timer':
        return this.#timer(event.timer);
      case 'superseded':
        return this.#superseded(event.from);
      case 'drain':
        return this.#drain();
      case 'drained':
        return this.#state === 'draining' ? this.#finish('closed', 'closed here', ['end']) : [];
      case 'lost':
        return this.#finish('closed', event.reason, [], {
          ...(event.cause && { cause: event.cause }),
          ...(event.byPeer && { byPeer: true }),
        });
    }
  }

  /** What a received frame means. A message on an established connection only has to be delivered. */
  frame(frame: Frame): FrameOutcome {
    switch (this.#state) {
      case 'established':
      case 'draining':
        return this.#established(frame);
      case 'identifying':
        return consumed(this.#identify(frame));
      case 'enrolling':
        return consumed(
          this.#enrolmentStep(
            this.#options.role === 'client'
              ? this.#enrolment.answered(frame)
              : this.#enrolment.requested(frame),
          ),
        );
      case 'probing':
        return this.#options.role === 'client' ? this.#probeAnswered(frame) : this.#firstFrame(frame);
      default:
        return consumed([]);
    }
  }

  #opened({
    certificate,
    knownAsAioc,
    isForEnrolment = false,
  }: SessionEvent & { kind: 'open' }): SessionAction[] {
    this.#certificate = certificate;
    this.#knownAsAioc = knownAsAioc;
    this.#enrolment = new SessionEnrolment(this.#options, isForEnrolment);
    if (this.#options.role === 'server') {
      const disarm: SessionAction = { kind: 'disarm', timer: 'hello' };
      this.#state = 'identifying';
      if (this.#options.security !== 'mutual-tls') return [disarm];
      return [disarm, { kind: 'hold-reading' }, { kind: 'authenticate', certificate }];
    }
    if (this.#options.enrols !== true) return this.#greet();
    this.#state = 'enrolling';
    return this.#enrolment.begin();
  }

  /** The client's first frames: its name, unless the certificate says it, and the probe. */
  #greet(): SessionAction[] {
    this.#state = 'probing';
    const { security, sourceId } = this.#options;
    const frame = handshakeFrame({ tls: security === 'tls-allow-all', sourceId });
    return [
      { kind: 'identified' },
      ...(security === 'mutual-tls' ? [] : [{ kind: 'send', frame } as const]),
      { kind: 'send', frame: this.#probe.ask() },
      armed('probe', LIMITS.probeSilenceMs),
    ];
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
    this.#state = 'awaiting-admission';
    return [
      { kind: 'disarm', timer: 'identity' },
      armed('joinRequest', LIMITS.joinRequestTimeoutMs),
      { kind: 'introduce', introduction: { wireName: this.#wireName, certificate: this.#certificate } },
    ];
  }

  /** Mutual TLS: the certificate identifies the client, or only allows it to request one. */
  #authenticated(as: Authentication): SessionAction[] {
    if (this.#state !== 'identifying') return [];
    if (as.kind === 'client') {
      this.#wireName = as.name;
      return this.#introduce();
    }
    const invitedOnly = as.kind === 'stranger' ? as.reason : undefined;
    if (!this.#enrolment.mayRequest(invitedOnly))
      return this.#finish('closed', invitedOnly ?? '', ['destroy'], { cause: 'certificate' });
    this.#state = 'enrolling';
    return [{ kind: 'resume-reading' }];
  }

  #enrolmentAnswered(event: SessionEvent & { kind: 'enrolled' | 'not-enrolled' }): SessionAction[] {
    if (this.#state !== 'enrolling') return this.#enrolment.renewed(event);
    if (event.kind === 'not-enrolled') return this.#enrolmentStep(this.#enrolment.refused(event));
    const sent: SessionAction = { kind: 'send', frame: event.frame };
    return [sent, ...this.#finish('closed', 'received its certificate', ['end'])];
  }

  #enrolmentStep({ actions = [], ends, name }: EnrolmentStep): SessionAction[] {
    if (name !== undefined) this.#wireName = name;
    return ends === undefined
      ? [...actions]
      : [
          ...actions,
          ...this.#finish(ends.state, ends.reason, [ends.how], { cause: 'certificate', ...ends.more }),
        ];
  }

  #admitted(knownAsAioc: boolean): SessionAction[] {
    if (this.#state !== 'awaiting-admission') return [];
    this.#state = 'probing';
    this.#knownAsAioc = knownAsAioc;
    return [
      { kind: 'disarm', timer: 'joinRequest' },
      { kind: 'identified' },
      armed('probe', LIMITS.probeHoldMs),
      { kind: 'resume-reading' },
    ];
  }

  #rejected({ code, isAioc = false }: SessionEvent & { kind: 'rejected' }): SessionAction[] {
    if (this.#state !== 'awaiting-admission') return [];
    // In this mode only aioc clients present a certificate, so only those receive the refusal; Python clients are
    // disconnected.
    const frames: SessionAction[] =
      !isAioc && (this.#certificate === undefined || this.#options.security === 'mutual-tls')
        ? []
        : [{ kind: 'send', frame: refusalFrame({ code, sourceId: this.#options.sourceId }) }];
    return [...frames, ...this.#finish('refused', REJECTIONS[code], ['end'], { cause: 'refused-here' })];
  }

  /** Another program of the same name has taken over; an aioc peer is notified, so that it backs off. */
  #superseded(from?: string): SessionAction[] {
    const { sourceId } = this.#options;
    const notifies = from !== undefined && this.#peerKind === 'aioc';
    const frames: SessionAction[] = notifies
      ? [{ kind: 'send', frame: supersededFrame({ from, sourceId }) }]
      : [];
    const how = notifies ? 'end' : 'destroy';
    return [...frames, ...this.#finish('superseded', 'a newer connection of the same peer took over', [how])];
  }

  /** The first frame of an admitted client. An aioc client sends its probe before anything else. */
  #firstFrame(frame: Frame): FrameOutcome {
    const identified = this.#identified(frame);
    return identified ? consumed(identified) : { actions: this.#settle({ kind: 'python' }), deliver: true };
  }

  /** A client's received frames until it knows the kind of its server. */
  #probeAnswered(frame: Frame): FrameOutcome {
    const refusal = readRefusal(frame);
    if (refusal !== undefined) {
      const more = { refusal, cause: causeOfRefusal(refusal.code) };
      return consumed(this.#finish('refused', PEER_REFUSALS[refusal.code], ['destroy'], more));
    }
    const identified = this.#identified(frame);
    if (identified !== undefined) return consumed(identified);
    if (this.#hasReceived) return DELIVER;
    this.#hasReceived = true;
    const delayMs = this.#knownAsAioc ? LIMITS.probeRetryMs : LIMITS.probeAnswerMs;
    return { actions: [{ kind: 'accepted' }, armed('probe', delayMs)], deliver: true };
  }

  /** The actions for a frame that reveals the kind of the peer; undefined for any other frame. */
  #identified(frame: Frame): SessionAction[] | undefined {
    const isAioc = this.#peerKind === 'aioc';
    const found = this.#probe.identify(frame, { isAioc, knownAsAioc: this.#knownAsAioc });
    return found && this.#actOn(found);
  }

  #actOn(found: Identification): SessionAction[] {
    switch (found.kind) {
      case 'known':
        return [...answered(found), ...this.#settle(found.peerKind)];
      case 'pending':
        return answered(found);
      case 'ask-again':
        return [{ kind: 'send', frame: this.#probe.ask() }, armed('probe', LIMITS.probeRetryMs)];
      case 'contradicts':
        // It waits for frames that would never come, and its own were not understood: both sides start again.
        this.#hasReceived = true;
        return this.#finish('closed', UNLIKE_PYTHON, ['destroy']);
      case 'silent':
        return this.#finish('closed', STILL_AIOC, ['destroy'], NO_ANSWER);
    }
  }

  /**
   * The kind of the peer is known; messages may flow. A late answer can correct Python to aioc, never the reverse:
   * frames sent until then stay as they are, and only later frames may use aioc's protocol.
   */
  #settle(peerKind: IdentifiedKind): SessionAction[] {
    if (this.#state === 'draining' || this.#peerKind === 'aioc' || this.#peerKind === peerKind.kind)
      return [];
    this.#peerKind = peerKind.kind;
    this.#state = 'established';
    return [
      { kind: 'disarm', timer: 'probe' },
      { kind: 'established', peerKind },
    ];
  }

  #established(frame: Frame): FrameOutcome {
    const type = frame.header.message_type;
    if (this.#options.security === 'mutual-tls' && isEnrolmentFrame(frame))
      return consumed(this.#enrolment.renewal(frame, this.peerWireName));
    // Only these can be part of the probe, or report that another client took over.
    if (type !== '_ping' && type !== AIOC_TYPE) return DELIVER;
    const supersededFrom = this.#options.role === 'client' ? readSuperseded(frame) : undefined;
    if (supersededFrom !== undefined) {
      const reason = 'another client of this name replaced this one';
      return consumed(
        this.#finish('closed', reason, ['destroy'], { supersededFrom, cause: 'refused-there' }),
      );
    }
    const identified = this.#identified(frame);
    return identified ? consumed(identified) : DELIVER;
  }

  #timer(timer: SessionTimer): SessionAction[] {
    switch (timer) {
      case 'hello':
        return this.#tooSlow('hello');
      case 'identity':
        return this.#tooSlow(this.#state === 'tls' ? 'tls' : 'identity');
      case 'enrolment':
        return this.#tooSlow('enrolment');
      case 'joinRequest':
        return this.#rejected({ kind: 'rejected', code: 'nobody-answered' });
      case 'probe':
        return this.#state === 'probing' ? this.#actOn(this.#probe.afterSilence(this.#knownAsAioc)) : [];
      case 'drain':
        return this.#finish('closed', 'closed here; the peer was too slow to receive the rest', ['destroy']);
    }
  }

  #tooSlow(what: keyof typeof TOO_SLOW): SessionAction[] {
    return this.#finish('closed', TOO_SLOW[what], ['destroy'], NO_ANSWER);
  }

  #drain(): SessionAction[] {
    if (this.#state === 'established' || this.#state === 'probing' || this.#state === 'draining') {
      this.#state = 'draining';
      return [armed('drain', LIMITS.drainTimeoutMs)];
    }
    return this.#state === 'awaiting-admission'
      ? this.#rejected({ kind: 'rejected', code: 'stopping' })
      : this.#finish('closed', 'closed here', ['destroy']);
  }

  #finish(
    state: SessionEnding['state'],
    reason: string,
    how: readonly ('end' | 'destroy')[],
    more: Partial<SessionEnding> = {},
  ): SessionAction[] {
    // A client that probes a second time no longer waits for admission.
    const whileWaiting =
      this.#options.role === 'client' &&
      this.#state === 'probing' &&
      !this.#hasReceived &&
      this.#probe.asked < LIMITS.probeTries;
    const from = this.#state;
    this.#state = state;
    this.#over = true;
    const ending = { cause: 'other', ...more, state, from, reason, whileWaiting } as const;
    return [...how.map((kind): SessionAction => ({ kind })), { kind: 'over', ending }];
  }
}

const NO_ANSWER = { cause: 'no-answer' } as const;

function armed(timer: SessionTimer, delayMs: number): SessionAction {
  return { kind: 'arm', timer, delayMs };
}

function answered({ answer }: { readonly answer?: OutFrame }): SessionAction[] {
  return answer === undefined ? [] : [{ kind: 'send', frame: answer }];
}

/** The session has used the frame: it is not delivered. */
function consumed(actions: readonly SessionAction[]): FrameOutcome {
  return { actions, deliver: false };
}
