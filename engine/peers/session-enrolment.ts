import { LIMITS } from '../base/limits.ts';
import {
  enrolmentFrame,
  isTermsRequest,
  notRenewedFrame,
  readEnrolment,
  readIssued,
  readNotRenewed,
  readRenewal,
  readTerms,
  termsFrame,
  termsRequestFrame,
} from '../protocol/enrolment.ts';
import type { Frame } from '../protocol/frame-decoder.ts';
import { readRefusal, refusalFrame } from '../protocol/messages.ts';
import { checkClientName } from '../protocol/names.ts';
import { PEER_REFUSALS } from './session-messages.ts';
import type {
  Proposal,
  SessionAction,
  SessionEnding,
  SessionEvent,
  SessionOptions,
} from './session-types.ts';

/** What a step of an enrolment leads to. */
export interface EnrolmentStep {
  readonly actions?: readonly SessionAction[];
  /** The session ends. */
  readonly ends?: Pick<SessionEnding, 'state' | 'reason'> & {
    readonly how: 'end' | 'destroy';
    readonly more?: Partial<SessionEnding>;
  };
  /** The name that the client requests a certificate for. */
  readonly name?: string;
}

/**
 * The part of a session in mutual TLS in which a client without a certificate of its own requests one
 * (engine/peers/PROTOCOL.md, “Enrolment”).
 */
export class SessionEnrolment {
  readonly #options: SessionOptions;
  /** The connection was made to enrol: TLS has selected that protocol. */
  readonly #isForEnrolment: boolean;
  /** On a server: the terms were told. On a client: they are known, or there are none. */
  #termsKnown = false;
  /** Why an invitation is needed: the client's certificate is unknown. */
  #invitedOnly: string | undefined;
  #isAioc = false;
  /** A server has a renewal of the client to answer. */
  #isRenewing = false;

  constructor(options: SessionOptions, isForEnrolment: boolean) {
    this.#options = options;
    this.#isForEnrolment = isForEnrolment;
  }

  /** A client's first step. Only a server that has selected the protocol of enrolment has terms. */
  begin(): SessionAction[] {
    const timer: SessionAction = { kind: 'arm', timer: 'enrolment', delayMs: LIMITS.enrolmentTimeoutMs };
    if (this.#isForEnrolment)
      return [timer, { kind: 'send', frame: termsRequestFrame(this.#options.sourceId) }];
    this.#termsKnown = true;
    return [timer, { kind: 'propose', terms: undefined }];
  }

  /** A client has made the certificate to request. */
  proposed(proposal: Proposal): SessionAction[] {
    const { sourceId } = this.#options;
    return [{ kind: 'send', frame: enrolmentFrame({ sourceId, ...proposal }) }];
  }

  /** A frame of the server. */
  answered(frame: Frame): EnrolmentStep {
    const refusal = readRefusal(frame);
    if (refusal !== undefined) {
      const reason = PEER_REFUSALS[refusal.code];
      return { ends: { state: 'refused', reason, how: 'destroy', more: { refusal } } };
    }
    const terms = this.#termsKnown ? undefined : readTerms(frame);
    if (terms !== undefined) {
      this.#termsKnown = true;
      return { actions: [{ kind: 'propose', terms }] };
    }
    const issued = readIssued(frame);
    if (issued === undefined)
      return closed(`the server answered the certificate request with ${frame.header.message_type}`);
    return { actions: [{ kind: 'issued', issued }], ...closed('a certificate has been issued') };
  }

  /**
   * Whether a server lets a client enrol that has shown the default certificate, or an unknown one.
   *
   * @param invitedOnly why its certificate is not valid; then it needs an invitation
   */
  mayRequest(invitedOnly?: string): boolean {
    this.#invitedOnly = invitedOnly;
    return invitedOnly === undefined || this.#isForEnrolment;
  }

  /** A frame of such a client: the question for the terms, or its one request. */
  requested(frame: Frame): EnrolmentStep {
    const { terms, sourceId } = this.#options;
    if (this.#isForEnrolment && !this.#termsKnown && terms !== undefined && isTermsRequest(frame)) {
      this.#termsKnown = true;
      return { actions: [{ kind: 'send', frame: termsFrame(sourceId, terms) }] };
    }
    const request = readEnrolment(frame);
    if (this.#invitedOnly !== undefined && request?.invitation === undefined)
      return closed(this.#invitedOnly);
    if (request === undefined)
      return closed(
        `with the default certificate it may only request its own certificate, not send ${frame.header.message_type}`,
      );
    try {
      checkClientName(request.name);
    } catch (error) {
      return closed((error as Error).message);
    }
    this.#isAioc = request.certificatePem !== undefined;
    return {
      name: request.name,
      actions: [
        { kind: 'hold-reading' },
        { kind: 'disarm', timer: 'identity' },
        { kind: 'arm', timer: 'enrolment', delayMs: LIMITS.enrolmentTimeoutMs },
        { kind: 'enrol', request, presented: this.#invitedOnly === undefined ? 'default' : 'unknown' },
      ],
    };
  }

  /** Over an established connection: a client renews its certificate, or the server's answer to that. */
  renewal(frame: Frame, clientName: string): SessionAction[] {
    if (this.#options.role === 'client') {
      if (readIssued(frame) !== undefined) return [{ kind: 'renewal-answered' }];
      const refusal = readNotRenewed(frame);
      return refusal === undefined ? [] : [{ kind: 'renewal-answered', refusal }];
    }
    const request = readRenewal(frame, clientName);
    if (request === undefined || this.#isRenewing) return [];
    this.#isRenewing = true;
    return [{ kind: 'enrol', request, presented: 'own' }];
  }

  /** The answer to a renewal; the connection stays. */
  renewed(event: SessionEvent & { kind: 'enrolled' | 'not-enrolled' }): SessionAction[] {
    this.#isRenewing = false;
    const frame =
      event.kind === 'enrolled' ? event.frame : notRenewedFrame(this.#options.sourceId, event.reason);
    return [{ kind: 'send', frame }];
  }

  /**
   * The request is refused. Only an aioc client sends a certificate with its request, and receives a refusal; Python
   * only understands a closed connection.
   */
  refused({ reason, wallNowMs }: SessionEvent & { kind: 'not-enrolled' }): EnrolmentStep {
    if (!this.#isAioc) return { ends: { state: 'refused', reason, how: 'destroy' } };
    const { sourceId } = this.#options;
    const frame = refusalFrame({ code: 'no-certificate', sourceId, reason, wallNowMs });
    return { actions: [{ kind: 'send', frame }], ends: { state: 'refused', reason, how: 'end' } };
  }
}

function closed(reason: string): EnrolmentStep {
  return { ends: { state: 'closed', reason, how: 'destroy' } };
}
