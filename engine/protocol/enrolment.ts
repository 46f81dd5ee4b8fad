import type { Frame } from './frame-decoder.ts';
import type { OutFrame } from './messages.ts';

/**
 * Enrolment: how a client without a certificate requests one (PROTOCOL §2, `_ssl`). An aioc client makes its own key
 * and sends only the certificate, under a key of the data that Python ignores; a Python server then makes a key and a
 * certificate for it, as for every client.
 */
const TYPE = '_ssl';

export interface EnrolmentRequest {
  readonly name: string;
  /** The certificate that an aioc client has made. */
  readonly certificatePem?: string;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** Absent if the server accepted the client's certificate; the client has that key. */
  readonly privateKeyPem?: string;
}

export function enrolmentFrame(options: {
  readonly sourceId: string;
  readonly certificatePem: string;
}): OutFrame {
  const content = { cmd: 'get_new_certificate', aioc_certificate: options.certificatePem };
  return {
    header: { message_type: TYPE, source_id: options.sourceId },
    data: Buffer.from(JSON.stringify(content)),
  };
}

export function readEnrolment(frame: Frame): EnrolmentRequest | undefined {
  const content = contentOf(frame);
  const name = frame.header['source_id'];
  if (content?.['cmd'] !== 'get_new_certificate' || typeof name !== 'string') return undefined;
  const own = content['aioc_certificate'];
  return { name, ...(typeof own === 'string' && { certificatePem: own }) };
}

export function issuedFrame(options: {
  readonly sourceId: string;
  readonly issued: IssuedCertificate;
}): OutFrame {
  const { certificatePem, privateKeyPem } = options.issued;
  const content = {
    cmd: 'set_new_certificate',
    crt: certificatePem,
    ...(privateKeyPem !== undefined && { key: privateKeyPem }),
  };
  return {
    header: { message_type: TYPE, source_id: options.sourceId },
    data: Buffer.from(JSON.stringify(content)),
  };
}

export function readIssued(frame: Frame): IssuedCertificate | undefined {
  const content = contentOf(frame);
  const { cmd, crt, key } = content ?? {};
  if (cmd !== 'set_new_certificate' || typeof crt !== 'string') return undefined;
  return { certificatePem: crt, ...(typeof key === 'string' && { privateKeyPem: key }) };
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
