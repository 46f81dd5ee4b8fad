import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Peer } from '../peers/peer.ts';
import type { Chat } from './chat.ts';

/**
 * Sends a line once more that did not arrive, or of which that is not known.
 *
 * @throws AiocError AIOC_COMMAND for any other row, and if only the beginning of the line is kept; those of Chat.say
 */
export async function sayAgain(chat: Chat, peer: Peer, rowId: number): Promise<void> {
  const row = chat.conversation(peer.id).get(rowId);
  const isLine = row?.from === 'me' && row.transfer === undefined;
  if (!isLine || !['failed', 'dropped', 'unknown'].includes(row.mark ?? ''))
    throw new AiocError('AIOC_COMMAND', 'only a line that has failed can be sent again');
  if (row.text.length > LIMITS.chatLineCharacters)
    throw new AiocError(
      'AIOC_COMMAND',
      'only the beginning of this line is kept: send it as a file, with !upload',
    );
  await chat.say(peer, row.text);
}
