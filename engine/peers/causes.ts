import { AiocError, systemCode } from '../base/errors.ts';
import type { Cause } from '../contract/views.ts';
import type { RefusalCode } from '../protocol/messages.ts';
import { alertOf, networkFaultOf } from './network-errors.ts';

/** No connection could be made. AIOC_CONNECT; the message lists each address that was tried. */
export class ConnectError extends AiocError {
  readonly why: Cause;

  constructor(message: string, why: Cause) {
    super('AIOC_CONNECT', message);
    this.why = why;
  }
}

/** Why a connection ended with this error; undefined: the peer closed it. */
export function causeOf(error: Error | undefined): Cause {
  if (error === undefined) return 'lost';
  if (error instanceof ConnectError) return error.why;
  const code = systemCode(error) ?? '';
  return networkFaultOf(code)?.cause ?? alertOf(code)?.cause ?? 'other';
}

/** Why the peer has refused this connector. */
export function causeOfRefusal(code: RefusalCode): Cause {
  return code === 'no-certificate' ? 'certificate' : 'refused-there';
}

/** Of several addresses, the one that says most; a refusal by a peer says more than no peer. */
const TELLING: readonly Cause[] = [
  'certificate',
  'refused-there',
  'nothing-listens',
  'lost',
  'no-answer',
  'refused-here',
  'other',
];

/** The cause that says most about why none of several addresses could be used. */
export function mostTelling(causes: readonly Cause[]): Cause {
  return TELLING.find((cause) => causes.includes(cause)) ?? 'other';
}
