import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { systemCode } from '../base/errors.ts';
import type { Clock } from '../base/ports.ts';
import { spacedJson } from './legacy/python-text.ts';
import { activeConnectorEntry, activeConnectorsPath, type ConnectorOwner } from './socket-names.ts';

const LOCK_TRIES = 100;
const LOCK_WAIT_MS = 20;
/** Nobody holds it this long: its process was killed while it did. */
const LOCK_STALE_MS = 5_000;

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

/** Puts the connector into the list, or takes it out. Several connectors of one directory do this at once. */
export async function listConnector({ directory, owner, clock }: ListChange, active: boolean): Promise<void> {
  const path = activeConnectorsPath(directory);
  const entry = activeConnectorEntry(owner);
  const unlock = await lock(`${path}.lock`, clock);
  try {
    const others = (await activeConnectors(directory)).filter((other) => other !== entry);
    const next = `${path}.${randomBytes(6).toString('hex')}`;
    await writeFile(next, spacedJson(active ? [...others, entry] : others), { mode: 0o660 });
    await rename(next, path);
  } finally {
    await unlock();
  }
}

/** A file that only one can make. The list is a convenience, so after two seconds it is changed without. */
async function lock(path: string, clock: Clock): Promise<() => Promise<void>> {
  for (let tries = 0; tries < LOCK_TRIES; tries += 1) {
    try {
      await (await open(path, 'wx', 0o660)).close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const age = await stat(path).then(
      ({ mtimeMs }) => clock.wallNow() - mtimeMs,
      () => 0,
    );
    if (age > LOCK_STALE_MS) await rm(path, { force: true });
    await new Promise<void>((resolve) => clock.after(LOCK_WAIT_MS, resolve));
  }
  return async () => undefined;
}
