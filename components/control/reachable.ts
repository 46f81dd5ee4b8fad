import type { Attached } from '../state/ui-state.ts';
import { trusted } from '../terminal/sanitize.ts';

/** Why a command is not sent. */
export const NOT_SENT = {
  away: trusted('Not sent: the connector is not reachable.'),
  silent: trusted('Not sent: the connector does not answer.'),
};

export function isReachable(attached: Attached | undefined): attached is 'here' | undefined {
  return attached === undefined || attached === 'here';
}
