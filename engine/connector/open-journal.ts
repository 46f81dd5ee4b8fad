import { join } from 'node:path';
import type { Ports } from '../base/ports.ts';
import { type ConnectorOwner, ownerInFileNames } from '../local/socket-names.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import { Journal } from '../storage/journal/journal.ts';
import type { JournalTrouble } from '../storage/journal/journal-options.ts';
import type { RecoveryReport } from '../storage/journal/recover.ts';
import type { Store } from '../storage/store.ts';
import { TailStore } from '../storage/tail-store.ts';
import type { StorageOptions } from './connector-options.ts';

export interface OpenJournalOptions {
  readonly storage: StorageOptions;
  readonly owner: ConnectorOwner;
  readonly ports: Pick<Ports, 'disk' | 'clock' | 'random'>;
  readonly log: TrafficLog;
}

/** Where a connector's stored messages lie below the directory that the configuration names. */
export function journalPath(directory: string, owner: ConnectorOwner): string {
  return join(directory, `aioc_journal_${owner.role}_${ownerInFileNames(owner)}`);
}

/**
 * Opens a connector's journal, and writes into the log whatever an operator should know of it.
 *
 * @throws AiocError as Journal.open
 */
export async function openJournal({ storage, owner, ports, log }: OpenJournalOptions): Promise<Store> {
  const directory = journalPath(storage.journalDirectory, owner);
  const { disk, clock, random } = ports;
  const journal = await Journal.open({
    directory,
    disk,
    clock,
    random,
    durability: storage.durability,
    onTrouble: (trouble) =>
      log.event(wordsOf(trouble, directory), { warning: trouble.kind !== 'storing again' }),
  });
  reportStart(journal.report, { directory, log });
  return new TailStore(journal, clock);
}

function wordsOf(trouble: JournalTrouble, directory: string): string {
  switch (trouble.kind) {
    case 'refusing':
      return `messages cannot be stored; programs are refused meanwhile, and those on Python's API are held: ${trouble.error.message}`;
    case 'storing again':
      return 'messages are stored again';
    case 'damage':
      return `stored messages in ${directory} are damaged and lost: segment ${trouble.segment}, bytes ${trouble.from} to ${trouble.to}; a copy of the bytes lies in its quarantine`;
  }
}

function reportStart(
  { damaged, torn }: RecoveryReport,
  { directory, log }: { readonly directory: string; readonly log: TrafficLog },
): void {
  if (torn.length > 0)
    log.event(`what a crash left half written in ${directory} was never confirmed, and was cut off`);
  for (const { segment, from, to } of damaged)
    log.event(wordsOf({ kind: 'damage', segment, from, to }, directory), { warning: true });
}
