import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import { replaceDurably } from '../base/atomic-file.ts';
import { type ConnectorOwner, ownerInSocketNames } from './socket-names.ts';

/** The file with the process id of a connector. */
function pathOf(directory: string, owner: ConnectorOwner): string {
  return join(directory, `aioc_${owner.role}_${ownerInSocketNames(owner)}.pid`);
}

export async function writePidFile(directory: string, owner: ConnectorOwner): Promise<void> {
  // Other users may create files here, so a symbolic link with this name is replaced, not followed.
  const text = `${stableStringify({ pid: process.pid })}\n`;
  await replaceDurably(pathOf(directory, owner), text, { mode: 0o640 });
}

export async function removePidFile(directory: string, owner: ConnectorOwner): Promise<void> {
  await rm(pathOf(directory, owner), { force: true });
}

/** The process id of the running connector; undefined if it does not run. */
export async function runningProcess(directory: string, owner: ConnectorOwner): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await readFile(pathOf(directory, owner), 'utf8')) as { pid: number };
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
