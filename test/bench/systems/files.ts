import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { type Build, programOf } from '../builds.ts';
import type { Bench } from '../case.ts';
import type { Processes } from '../processes.ts';
import { Driven } from '../workshop.ts';
import { startPair } from './aioc.ts';

/** Two sides, between which a file or a directory goes through mutual TLS. */
export interface FilesSystem {
  readonly name: string;
  /** Those that the content goes through. */
  readonly processes: Processes;
  /** Where what arrives is put. */
  readonly directory: string;
  /** @returns how long it took until it was on the other side's disk, verified */
  send(what: { readonly path: string; readonly name: string; readonly isTree: boolean }): Promise<number>;
}

/** What two plain Node processes reach (programs/floor-files.ts). */
export async function floorOfFiles({ workshop, builds }: Bench): Promise<FilesSystem> {
  const port = await freePort();
  const [certificates, unused, directory] = [
    workshop.directory(),
    workshop.directory(),
    workshop.directory(),
  ];
  await makeCertificates(certificates, unused);
  const pem = join(certificates, 'certificates/server/server-cert/server');
  const start = (role: string): Driven =>
    new Driven(workshop, process.execPath, [
      programOf(builds[0] as Build, 'floor-files.ts'),
      ...[role, String(port), `${pem}.pem`, `${pem}.key`],
    ]);
  const [far, near] = [start('far'), start('near')];
  await far.do('ready');
  return {
    name: 'floor',
    processes: { near: near.pid, far: far.pid },
    directory,
    send: async ({ path, name, isTree }) => {
      await far.do('expect', { path: join(directory, name), isTree });
      await near.do('connect');
      return (await near.do<{ tookMs: number }>('send', { path, isTree })).tookMs;
    },
  };
}

/** Two connectors and a program on each: from the send until the message with the file has come. */
export async function aiocOfFiles(bench: Bench, build: Build): Promise<FilesSystem> {
  const directory = bench.workshop.directory();
  const config = {
    file_recv_config: { any: { target_directory: directory } },
    max_size_chunk_upload: 2 ** 40,
    // So the connector reads the file itself, as the floor does.
    everybody_can_send_messages: false,
  };
  const { sender, receiver, processes } = await startPair(bench, {
    ...{ config, build, program: 'files-program.ts' },
  });
  return {
    name: `aioc${build.suffix}`,
    processes: { near: processes['near'] as number, far: processes['far'] as number },
    directory,
    send: async ({ path, name }) => {
      const arriving = receiver.do<{ atMs: number; error?: string }>('arrival');
      const { startedAtMs } = await sender.do<{ startedAtMs: number }>('send', { path, name });
      const { atMs, error } = await arriving;
      if (error !== undefined) throw new Error(`the file did not arrive: ${error}`);
      return atMs - startedAtMs;
    },
  };
}

/** Room for the next. */
export function removeArrived({ directory }: FilesSystem, name: string): void {
  rmSync(join(directory, name), { recursive: true });
}
