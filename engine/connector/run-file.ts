import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import { AiocError } from '../base/errors.ts';

/** Says who listens on a port, for the next one that wants it. */
interface RunFile {
  readonly pid: number;
  readonly name: string;
}

function pathOf(stateDirectory: string, port: number): string {
  return join(stateDirectory, 'running', `${port}.json`);
}

/** Leaves a note about who listens. Failing to is no reason not to listen. */
export async function writeRunFile(stateDirectory: string, port: number, name: string): Promise<void> {
  const path = pathOf(stateDirectory, port);
  const note: RunFile = { pid: process.pid, name };
  try {
    await mkdir(join(stateDirectory, 'running'), { recursive: true, mode: 0o700 });
    await writeFile(path, stableStringify(note), { mode: 0o600 });
  } catch {
    // The next one will only be told that the port is taken.
  }
}

export async function removeRunFile(stateDirectory: string, port: number): Promise<void> {
  await rm(pathOf(stateDirectory, port), { force: true }).catch(() => undefined);
}

/** The aioc of this user that listens on the port, if its note is there and its process still lives. */
async function holderOf(stateDirectory: string, port: number): Promise<RunFile | undefined> {
  try {
    const note = JSON.parse(await readFile(pathOf(stateDirectory, port), 'utf8')) as RunFile;
    process.kill(note.pid, 0);
    return note;
  } catch {
    return undefined;
  }
}

/** The error, and, if the port is taken, by whom: another aioc of this user says so in its run file. */
export async function withHolder(error: AiocError, stateDirectory: string, port: number): Promise<AiocError> {
  if (error.code !== 'AIOC_PORT_TAKEN') return error;
  const holder = await holderOf(stateDirectory, port);
  if (holder === undefined) return error;
  const by = `by aioc "${holder.name}" (process ${holder.pid})`;
  const message = `port ${port} is taken ${by}: stop that one, or choose another port with --port`;
  return new AiocError('AIOC_PORT_TAKEN', message, { cause: error });
}
