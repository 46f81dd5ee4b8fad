import { join } from 'node:path';
import { AiocError } from '../base/errors.ts';
import { checkDirectory } from '../base/own-directory.ts';
import type { Ports } from '../base/ports.ts';
import { type ConnectorOwner, ownerInFileNames } from '../local/socket-names.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import { Journal } from '../storage/journal/journal.ts';
import type { JournalEvent } from '../storage/journal/journal-options.ts';
import { type DamageReport, type RecoveryReport, totalLost } from '../storage/journal/report.ts';
import type { Store } from '../storage/store.ts';
import { TailCacheStore } from '../storage/tail-cache-store.ts';
import { type ConnectorOptions, fileOwnerOf, type StorageOptions } from './connector-options.ts';

interface OpenJournalOptions {
  readonly storage: StorageOptions;
  readonly owner: ConnectorOwner;
  readonly ports: Pick<Ports, 'disk' | 'clock' | 'random'>;
  readonly log: TrafficLog;
}

/** The directory of a connector's journal. */
export function journalPath(directory: string, owner: ConnectorOwner): string {
  return join(directory, `aioc_journal_${owner.role}_${ownerInFileNames(owner)}`);
}

/**
 * Opens a connector's journal and logs damage and disk errors.
 *
 * @throws AiocError AIOC_DIRECTORY if another user could change it, and the errors of Journal.open
 */
async function openConnectorJournal({ storage, owner, ports, log }: OpenJournalOptions): Promise<Store> {
  const directory = journalPath(storage.journalDirectory, owner);
  const { disk, clock, random } = ports;
  await checkDirectory({ path: directory, key: 'journal_directory' });
  const journal = await Journal.open({
    directory,
    disk,
    clock,
    random,
    durability: storage.durability,
    onEvent: (event) => log.event(eventText(event, directory), { warning: event.kind !== 'storing again' }),
  });
  reportStart(journal.report, { directory, log });
  return new TailCacheStore(journal, clock);
}

/** The journal of a connector with a configuration. */
export async function journalOf(options: ConnectorOptions, log: TrafficLog): Promise<Store> {
  const { ports, local } = options;
  if (local === undefined) throw new AiocError('AIOC_INTERNAL', 'only a configured connector has a journal');
  return openConnectorJournal({ storage: local.storage, owner: fileOwnerOf(options), ports, log });
}

function eventText(event: JournalEvent, directory: string): string {
  switch (event.kind) {
    case 'refusing':
      return `messages cannot be stored (meanwhile programs get an error, and those that use Python's API wait): ${event.error.message}`;
    case 'storing again':
      return 'messages are stored again';
    case 'damage':
      return `stored messages in ${directory} are damaged and lost: segment ${event.segment}, bytes ${event.from} to ${event.to}; a copy of the bytes is in its quarantine`;
  }
}

function reportStart(
  { damaged, torn }: RecoveryReport,
  { directory, log }: { readonly directory: string; readonly log: TrafficLog },
): void {
  for (const place of damaged)
    log.event(
      `${directory} is damaged at ${placeText(place)}: ${lossText(place)}${copyText(place)}; everything else in it is kept`,
      { warning: true },
    );
  if (torn.length === 0) return;
  const loss = totalLost(torn);
  const mayBeConfirmed =
    loss.lost === 0
      ? ''
      : '; this may include acknowledged messages. An aioc peer resends those that it still has';
  const isKept = torn.some(({ quarantined }) => quarantined !== undefined);
  const copies = isKept ? '. A copy of the bytes is in its quarantine' : '';
  log.event(
    `the end of ${directory} is torn by a crash, or damaged: ${lossText(loss)}${mayBeConfirmed}${copies}`,
    { warning: true },
  );
}

function placeText({ segment, from, to, stream }: DamageReport): string {
  const whose = stream === undefined ? '' : `, of ${stream}`;
  return `segment ${segment}, bytes ${from} to ${to}${whose}`;
}

function lossText({ lost, isExact }: Pick<DamageReport, 'lost' | 'isExact'>): string {
  if (lost === 0) return isExact ? 'no message is lost' : 'no known message is lost';
  return `${isExact ? '' : 'at least '}${lost === 1 ? '1 message is' : `${lost} messages are`} lost`;
}

function copyText({ quarantined }: DamageReport): string {
  return quarantined === undefined ? '' : ' (a copy of the bytes is in its quarantine)';
}
