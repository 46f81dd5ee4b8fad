import type { Cause } from '../../engine/contract/views.ts';

/** Who refused, or what is missing, in as few words as the header has room for. */
export const CAUSE_WORDS: Readonly<Record<Cause, string>> = {
  'nothing-listens': 'nothing listens there',
  'no-answer': 'no answer',
  'refused-there': 'refused there',
  'refused-here': 'refused here',
  lost: 'connection lost',
  certificate: 'certificate not accepted',
  other: 'not connected',
};
