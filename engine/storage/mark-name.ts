import type { SourceMark } from './store.ts';

/**
 * A sender's epoch as one text, as the journal's files and the names of held streams have it: `EPOCH SENDER`, or the
 * epoch alone if the sender has no name.
 */
export function markName({ sender, epoch }: Pick<SourceMark, 'sender' | 'epoch'>): string {
  return sender === '' ? epoch : `${epoch} ${sender}`;
}

export function parseMarkName(name: string): Pick<SourceMark, 'sender' | 'epoch'> {
  const at = name.indexOf(' ');
  return at < 0 ? { sender: '', epoch: name } : { sender: name.slice(at + 1), epoch: name.slice(0, at) };
}
