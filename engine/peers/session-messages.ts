/** Why sessions end, as people read it. */
import type { RefusalCode } from '../protocol/messages.ts';

export const STILL_AIOC = 'it was aioc, and did not answer in time whether it still is';

export const UNLIKE_PYTHON = 'it speaks as aioc does, and has not said that it is';

export const REJECTIONS: Readonly<Record<RefusalCode, string>> = {
  'no-certificate': 'it got no certificate',
  'name-in-use': 'one of this name is connected already, and answers',
  declined: 'refused here',
  'nobody-answered': 'nobody here answered in time whether to let it in',
  'too-many-waiting': 'too many others are waiting to be let in',
  stopping: 'this side is stopping',
};

export const PEER_REFUSALS: Readonly<Record<RefusalCode, string>> = {
  'no-certificate': 'the other side gave us no certificate',
  'name-in-use': 'another one of our name is connected there',
  declined: 'the other side said no',
  'nobody-answered': 'nobody at the other side answered in time',
  'too-many-waiting': 'too many others are waiting there',
  stopping: 'the other side is stopping',
};
