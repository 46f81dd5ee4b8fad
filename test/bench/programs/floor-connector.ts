/**
 * A connector of the floor: no queue, no routing, no log. It passes on the bytes of each batch as they come and confirms
 * them, with a journal when they are on disk (fdatasync).
 *
 *     floor-connector.ts near PATH PORT JOURNAL|-     floor-connector.ts far PATH PORT JOURNAL|- CERTIFICATE KEY
 */
import fs from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { beDriven } from './driven.ts';
import { confirmation, KIND, readUnitHead, readUnits, UnitScanner } from './floor-units.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

interface Append {
  readonly bytes: Buffer;
  readonly done: () => void;
}

/** One write and one fdatasync for all that has come meanwhile. What fills a segment is confirmed behind it, so it can go. */
class Journal {
  readonly #path: string;
  #file: number;
  #sizeBytes = 0;
  #waiting: Append[] = [];
  #isBusy = false;

  constructor(path: string) {
    this.#path = path;
    this.#file = fs.openSync(path, 'w');
  }

  append(bytes: Buffer, done: () => void): void {
    this.#waiting.push({ bytes, done });
    if (!this.#isBusy) this.#commit();
  }

  #commit(): void {
    const group = this.#waiting;
    this.#isBusy = group.length > 0;
    if (!this.#isBusy) return;
    this.#waiting = [];
    fs.writev(
      this.#file,
      group.map(({ bytes }) => bytes),
      (failure, writtenBytes) => {
        if (failure !== null) throw failure;
        fs.fdatasync(this.#file, (error) => {
          if (error !== null) throw error;
          for (const { done } of group) done();
          this.#rotate(writtenBytes);
          this.#commit();
        });
      },
    );
  }

  #rotate(writtenBytes: number): void {
    this.#sizeBytes += writtenBytes;
    if (this.#sizeBytes < SEGMENT_BYTES) return;
    fs.closeSync(this.#file);
    fs.rmSync(this.#path);
    this.#file = fs.openSync(this.#path, 'w');
    this.#sizeBytes = 0;
  }
}

const [role, path = '', port = '', journalPath = '-', certificate = '', key = ''] = process.argv.slice(2);
const journal = journalPath === '-' ? undefined : new Journal(journalPath);

/** Batches from one side to the other, answers back. */
function connect(from: net.Socket, to: net.Socket): void {
  const scanner = new UnitScanner();
  from.on('data', (piece: Buffer) => {
    if (!to.write(piece)) from.pause();
    const upTo = scanner.scan(piece);
    const confirm = (): void => {
      if (upTo !== undefined) from.write(confirmation(upTo));
    };
    if (journal === undefined) confirm();
    else journal.append(piece, confirm);
  });
  to.on('drain', () => from.resume());
  readUnits(to, (unit) => {
    if (readUnitHead(unit).kind === KIND.exchange) from.write(unit);
  });
}

if (role === 'near') {
  net
    .createServer((program) => {
      const far = tls.connect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false });
      far.setNoDelay(true);
      connect(program, far);
    })
    .listen(path);
} else {
  const pem = { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) };
  tls
    .createServer(pem, (near) => {
      near.setNoDelay(true);
      connect(near, net.connect(path));
    })
    .listen(Number(port), '127.0.0.1');
}
beDriven({ ready: () => undefined });
