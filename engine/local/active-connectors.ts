import { readFile } from 'node:fs/promises';
import { replaceDurably } from '../base/atomic-file.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock } from '../base/ports.ts';
import { spacedJson } from './python/python-text.ts';
import { activeConnectorEntry, activeConnectorsPath, type ConnectorOwner } from './socket-names.ts';

/** The names in active_connectors.json (PROTOCOL §4); none when the file is missing or damaged. */
export async function activeConnectors(directory: string): Promise<readonly string[]> {
  try {
    const list: unknown = JSON.parse(await readFile(activeConnectorsPath(directory), 'utf8'));
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
  } catch {
    return [];
  }
}

export interface ListChange {
  readonly directory: string;
  readonly owner: ConnectorOwner;
  readonly clock: Clock;
}

/** Adds the connector to the list or removes it. Several connectors may do this at the same time. */
export async function listConnector({ directory, owner, clock }: ListChange, active: boolean): Promise<void> {
  const path = activeConnectorsPath(directory);
  const entry = activeConnectorEntry(owner);
  await withFileLock({ path: `${path}.lock`, clock }, async () => {
    const others = (await activeConnectors(directory)).filter((other) => other !== entry);
    await replaceDurably(path, spacedJson(active ? [...others, entry] : others), { mode: 0o660 });
  });
}
