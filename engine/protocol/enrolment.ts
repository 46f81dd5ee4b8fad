import { LIMITS } from '../base/limits.ts';
import type { Frame } from './frame-decoder.ts';
import type { OutFrame } from './messages.ts';

/**
 * Enrolment: how a client without a certificate requests one (PROTOCOL §2, `_ssl`). An aioc client makes its own key
 * and sends only the certificate, under keys of the data that Python ignores; a Python server then makes a key and a
 * certificate for it, as for every client. Between aioc peers: engine/peers/PROTOCOL.md, “Enrolment”.
 */
const TYPE = '_ssl';
/** Enough for a sentence with a path or a name. */
const REASON_CHARACTERS = 1_000;

/**
 * The ALPN name that an aioc client offers when it connects to enrol. A server that selects it tells its terms. Python
 * ignores ALPN.
 */
export const ENROLMENT_PROTOCOL = 'aioc-enrolment/1';

export interface EnrolmentRequest {
  readonly name: string;
  /** The certificate that an aioc client has made. */
  readonly certificatePem?: string;
  /**
   * The signature, with the key of that certificate, over what TLS exports on this connection (enrolment-proof.ts). aioc
   * before version 0.2 sends none.
   */
  readonly proof?: Buffer;
  /** The secret of a one-time invitation. */
  readonly invitation?: string;
}

/** What a server demands of a certificate that a client makes. */
export interface EnrolmentTerms {
  /** The longest validity in days. */
  readonly days: number;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** Absent if the server accepted the client's certificate; the client has that key. */
  readonly privateKeyPem?: string;
}

export function enrolmentFrame(options: {
  readonly sourceId: string;
  readonly certificatePem: string;
  readonly proof?: Buffer;
  readonly invitation?: string;
}): OutFrame {
  const { sourceId, certificatePem, proof, invitation } = options;
  return frameOf(sourceId, {
    cmd: 'get_new_certificate',
    aioc_certificate: certificatePem,
    ...(proof !== undefined && { aioc_proof: proof.toString('base64') }),
    ...(invitation !== undefined && { aioc_invitation: invitation }),
  });
}

export function readEnrolment(frame: Frame): EnrolmentRequest | undefined {
  const content = contentOf(frame);
  const name = frame.header['source_id'];
  if (content?.['cmd'] !== 'get_new_certificate' || typeof name !== 'string') return undefined;
  const { aioc_certificate: own, aioc_proof: proof, aioc_invitation: invitation } = content;
  return {
    name,
    ...(typeof own === 'string' && { certificatePem: own }),
    ...(typeof proof === 'string' && { proof: Buffer.from(proof, 'base64') }),
    ...(typeof invitation === 'string' && { invitation }),
  };
}

/** Asks a server that has selected `ENROLMENT_PROTOCOL` for its terms. */
export function termsRequestFrame(sourceId: string): OutFrame {
  return frameOf(sourceId, { cmd: 'aioc_terms' });
}

export function isTermsRequest(frame: Frame): boolean {
  return contentOf(frame)?.['cmd'] === 'aioc_terms';
}

export function termsFrame(sourceId: string, { days }: EnrolmentTerms): OutFrame {
  return frameOf(sourceId, { cmd: 'aioc_terms', days });
}

/** @returns undefined for any other frame, and for terms that no certificate can meet */
export function readTerms(frame: Frame): EnrolmentTerms | undefined {
  const { cmd, days } = contentOf(frame) ?? {};
  if (cmd !== 'aioc_terms' || typeof days !== 'number' || !Number.isSafeInteger(days)) return undefined;
  return days >= 1 ? { days: Math.min(days, LIMITS.certificateDaysMax) } : undefined;
}

/** Over an established connection of aioc peers: the certificate that shall replace the client's present one. */
export function renewalFrame(options: {
  readonly sourceId: string;
  readonly certificatePem: string;
  readonly proof: Buffer;
}): OutFrame {
  const { sourceId, certificatePem, proof } = options;
  return frameOf(sourceId, {
    cmd: 'aioc_renew_certificate',
    aioc_certificate: certificatePem,
    aioc_proof: proof.toString('base64'),
  });
}

/** @param name the client's, which its present certificate has proved */
export function readRenewal(frame: Frame, name: string): EnrolmentRequest | undefined {
  const { cmd, aioc_certificate: own, aioc_proof: proof } = contentOf(frame) ?? {};
  if (cmd !== 'aioc_renew_certificate' || typeof own !== 'string' || typeof proof !== 'string')
    return undefined;
  return { name, certificatePem: own, proof: Buffer.from(proof, 'base64') };
}

/** The answer to a renewal that the server refuses; it answers one that it accepts with `issuedFrame`. */
export function notRenewedFrame(sourceId: string, reason: string): OutFrame {
  return frameOf(sourceId, { cmd: 'aioc_not_renewed', reason: reason.slice(0, REASON_CHARACTERS) });
}

/** @returns the reason */
export function readNotRenewed(frame: Frame): string | undefined {
  const { cmd, reason } = contentOf(frame) ?? {};
  if (cmd !== 'aioc_not_renewed') return undefined;
  return typeof reason === 'string' ? reason.slice(0, REASON_CHARACTERS) : 'no reason given';
}

export function isEnrolmentFrame(frame: Frame): boolean {
  return frame.header.message_type === TYPE;
}

export function issuedFrame(options: {
  readonly sourceId: string;
  readonly issued: IssuedCertificate;
}): OutFrame {
  const { certificatePem, privateKeyPem } = options.issued;
  return frameOf(options.sourceId, {
    cmd: 'set_new_certificate',
    crt: certificatePem,
    ...(privateKeyPem !== undefined && { key: privateKeyPem }),
  });
}

export function readIssued(frame: Frame): IssuedCertificate | undefined {
  const content = contentOf(frame);
  const { cmd, crt, key } = content ?? {};
  if (cmd !== 'set_new_certificate' || typeof crt !== 'string') return undefined;
  return { certificatePem: crt, ...(typeof key === 'string' && { privateKeyPem: key }) };
}

function frameOf(sourceId: string, content: Readonly<Record<string, unknown>>): OutFrame {
  return {
    header: { message_type: TYPE, source_id: sourceId },
    data: Buffer.from(JSON.stringify(content)),
  };
}

function contentOf(frame: Frame): Record<string, unknown> | undefined {
  if (frame.header.message_type !== TYPE) return undefined;
  try {
    const value: unknown = JSON.parse(frame.data.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
