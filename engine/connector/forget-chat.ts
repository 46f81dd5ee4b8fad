import { dirname } from 'node:path';
import { AiocError, toAiocError } from '../base/errors.ts';
import type { Ports } from '../base/ports.ts';
import { type StoredConversation, storedConversations } from '../chat/kept/kept-conversations.ts';
import { CHAT_TYPE } from '../chat/received-transfers.ts';
import { outboxStream } from '../queues/stream-names.ts';
import { Journal } from '../storage/journal/journal.ts';
import { chatJournalPath, conversationsPath } from './kept-chat.ts';

type DiskPorts = Pick<Ports, 'disk' | 'clock' | 'random'>;

/** What the chats of a user have kept. @throws AiocError AIOC_STATE_DIRECTORY */
export async function keptConversationsIn(
  stateDirectory: string,
  { disk }: Pick<DiskPorts, 'disk'>,
): Promise<readonly StoredConversation[]> {
  try {
    const both = (['server', 'client'] as const).map((role) =>
      storedConversations(disk, conversationsPath(stateDirectory, role)),
    );
    return (await Promise.all(both)).flat();
  } catch (error) {
    throw toAiocError(error, 'AIOC_STATE_DIRECTORY');
  }
}

/**
 * Deletes a conversation, and the lines in it that wait for the peer.
 *
 * @returns false if an aioc that runs still shows it and sends those lines
 * @throws AiocError AIOC_STATE_DIRECTORY, and the errors of Journal.open
 */
export async function forgetKeptConversation(
  { path, fingerprint }: StoredConversation,
  ports: DiskPorts,
): Promise<boolean> {
  const { disk } = ports;
  try {
    await disk.remove(path);
  } catch (error) {
    throw toAiocError(error, 'AIOC_STATE_DIRECTORY');
  }
  const directory = chatJournalPath(dirname(path));
  if ((await disk.list(directory).catch(() => [])).length === 0) return true;
  try {
    const journal = await Journal.open({ directory, ...ports });
    await journal.purge(outboxStream({ peer: fingerprint, type: CHAT_TYPE }));
    await journal.close();
    return true;
  } catch (error) {
    if (error instanceof AiocError && error.code === 'AIOC_JOURNAL_IN_USE') return false;
    throw error;
  }
}
