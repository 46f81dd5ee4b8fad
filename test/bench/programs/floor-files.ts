/**
 * One of the two processes of the floor for files: `floor-files.ts far PORT CERTIFICATE KEY` receives, `floor-files.ts
 * near PORT CERTIFICATE KEY` sends. A file, or what `tar` writes of a directory, goes through a connection of its own;
 * both hash it, and it counts as sent when the far one has it on the disk (fdatasync) with the same digest.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { open } from 'node:fs/promises';
import tls from 'node:tls';
import { beDriven } from './driven.ts';

const CHUNK_BYTES = 1024 * 1024;
const [role = '', port = '', certificate = '', key = ''] = process.argv.slice(2);
const pem = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };

interface What {
  readonly path: string;
  readonly isTree: boolean;
}

async function ended(tar: ChildProcess): Promise<void> {
  if (tar.exitCode === null) await once(tar, 'exit');
  if (tar.exitCode !== 0) throw new Error(`tar ended with ${tar.exitCode}`);
}

function near(): void {
  let next: Promise<tls.TLSSocket> | undefined;
  beDriven({
    connect: async () => {
      const socket = tls.connect({
        ...pem,
        host: '127.0.0.1',
        port: Number(port),
        rejectUnauthorized: false,
      });
      next = once(socket, 'secureConnect').then(() => socket);
      await next;
    },
    send: async ({ path, isTree }: What) => {
      const socket = await next;
      if (socket === undefined) throw new Error('it is not connected');
      const startedAt = performance.now();
      const answer = new Promise<string>((resolve) => socket.once('data', (line) => resolve(String(line))));
      const tar = isTree ? spawn('tar', ['-cf', '-', '-C', path, '.']) : undefined;
      const hash = createHash('sha256');
      for await (const chunk of tar?.stdout ?? fs.createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
        hash.update(chunk);
        if (!socket.write(chunk)) await once(socket, 'drain');
      }
      if (tar !== undefined) await ended(tar);
      socket.end();
      if ((await answer) !== hash.digest('hex')) throw new Error('the far one has other bytes');
      return { tookMs: performance.now() - startedAt };
    },
  });
}

/** @returns the digest, when all of it is on the disk */
async function receive(from: tls.TLSSocket, { path, isTree }: What): Promise<string> {
  if (isTree) fs.mkdirSync(path);
  const tar = isTree
    ? spawn('tar', ['-xf', '-', '-C', path], { stdio: ['pipe', 'ignore', 'inherit'] })
    : undefined;
  const to = tar?.stdin ?? fs.createWriteStream(path, { highWaterMark: CHUNK_BYTES });
  const hash = createHash('sha256');
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    hash.update(chunk);
    if (!to.write(chunk)) await once(to, 'drain');
  }
  to.end();
  if (tar !== undefined) await ended(tar);
  else {
    await once(to, 'close');
    const file = await open(path);
    await file.datasync();
    await file.close();
  }
  return hash.digest('hex');
}

function far(): void {
  let what: What | undefined;
  const server = tls.createServer(
    { ...pem, requestCert: true, rejectUnauthorized: false, allowHalfOpen: true },
    (from) => {
      if (what === undefined) return from.destroy();
      void receive(from, what).then((digest) => from.end(digest));
    },
  );
  beDriven({
    ready: async () => {
      server.listen(Number(port), '127.0.0.1');
      await once(server, 'listening');
    },
    expect: (next: What) => {
      what = next;
    },
  });
}

(role === 'near' ? near : far)();
