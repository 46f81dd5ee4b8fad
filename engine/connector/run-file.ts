import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import { AiocError } from '../base/errors.ts';

/** The file that names the process listening on a port. */
interface RunFile {
  readonly pid: number;
  readonly name: string;
}

function pathOf(stateDirectory: string, port: number): string {
  return join(stateDirectory, 'running', `${port}.json`);
}

/** Writes the run file. Errors are ignored, since it only improves an error message. */
export async function writeRunFile(stateDirectory: string, port: number, name: string): Promise<void> {
  const path = pathOf(stateDirectory, port);
  const note: RunFile = { pid: process.pid, name };
  try {
    await mkdir(join(stateDirectory, 'running'), { recursive: true, mode: 0o700 });
    await writeFile(path, stableStringify(note), { mode: 0o600 });
  } catch {
    // Another aioc then reports only that the port is taken.
  }
}

export async function removeRunFile(stateDirectory: string, port: number): Promise<void> {
  await rm(pathOf(stateDirectory, port), { force: true }).catch(() => undefined);
}

/** This user's aioc that listens on the port, if its run file exists and its process still runs. */
async function holderOf(stateDirectory: string, port: number): Promise<RunFile | undefined> {
  try {
    const note = JSON.parse(await readFile(pathOf(stateDirectory, port), 'utf8')) as RunFile;
    process.kill(note.pid, 0);
    return note;
  } catch {
    return undefined;
  }
}

/** The error; if the port is taken by another aioc of this user, with its name and process. */
export async function withHolder(error: AiocError, stateDirectory: string, port: number): Promise<AiocError> {
  if (error.code !== 'AIOC_PORT_TAKEN') return error;
  const holder = await holderOf(stateDirectory, port);
  if (holder === undefined) return error;
  const by = `by aioc "${holder.name}" (process ${holder.pid})`;
  const message = `port ${port} is taken ${by}: stop that one, or choose another port with --port`;
  return new AiocError('AIOC_PORT_TAKEN', message, { cause: error });
}
