/** Rows of files. */
import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import type { RowTest, Way } from './column.ts';
import type { Got } from './program.ts';
import { type Form, Series, STR, WITH_BINARY } from './series.ts';

const PATIENT = { timeoutMs: 20_000 };
const MIB = 1024 * 1024;
const LARGE_BYTES = 150 * MIB;
/** Python takes it in and stores it in one piece, over TLS at a few MiB a second where much else goes on. */
const LARGE_MS = 100_000;
/** Of a connector of ours, whatever it has done before. */
const RESIDENT_MAX_BYTES = 150_000_000;

let lastFile = 0;

/** A name that no file had yet: what is there already is kept, and not replaced. */
function newName(): string {
  lastFile += 1;
  return `file-${lastFile}`;
}

/** Sends one file with a message, and sees the message arrive. */
async function carry(
  way: Way,
  file: { readonly path: string; readonly name: string; readonly delete?: boolean },
  form: Form = STR,
  quietMs?: number,
): Promise<Got> {
  const [got] = await new Series(form, 1, () => ({ file })).goes(way, quietMs);
  assert.ok(got);
  assert.equal((got.header['with_file'] as Record<string, unknown>)['dst_name'], file.name);
  return got;
}

/**
 * Of no bytes, of one, of more than one chunk, and in a directory that must be made. An empty file beside a binary is
 * left out where Python sends: its frame is then that of the binary as a file (PROTOCOL §3), for Python itself too.
 */
export const files =
  (direction: 'up' | 'down', form: Form): RowTest =>
  async (column, t) => {
    const way = column[direction];
    const directory = tempDir(t);
    const emptyToo = form.binary === undefined || way.from.kind === 'aioc';
    for (const sizeBytes of [...(emptyToo ? [0] : []), 1, 600_000, 70_001]) {
      const name = sizeBytes === 70_001 ? `new/${newName()}` : newName();
      const path = join(directory, 'source');
      writeFileSync(path, randomFillSync(Buffer.alloc(sizeBytes)));
      await carry(way, { path, name, delete: false }, form);
      // The file is there before its message is.
      assert.deepEqual(readFileSync(join(way.to.received, name)), readFileSync(path));
    }
  };

/** A source goes when it has been sent, and stays when that was said; what the languages do of themselves, too. */
export const deletes: RowTest = async ({ up, down }, t) => {
  const directory = tempDir(t);
  for (const way of [up, down]) {
    const path = (name: string): string => {
      writeFileSync(join(directory, name), name);
      return join(directory, name);
    };
    const kept = path('kept');
    const deleted = path('deleted');
    const unsaid = path('unsaid');
    await carry(way, { path: kept, name: newName(), delete: false });
    await carry(way, { path: unsaid, name: newName() });
    await carry(way, { path: deleted, name: newName(), delete: true });
    await waitFor(() => !existsSync(deleted), { ...PATIENT, what: 'the source to be deleted' });
    assert.ok(existsSync(kept));
    // Python's API deletes unless told otherwise, ours the other way round.
    assert.equal(existsSync(unsaid), way.from.program.language === 'TypeScript');
  }
};

/** One after the other, so that the memory of each connector is that of one file. */
export const largeFile: RowTest = async ({ up, down }, t) => {
  const path = await makeLarge(t);
  const wanted = await sha256(path);
  for (const way of [up, down]) {
    const name = newName();
    await carry(way, { path, name, delete: false }, WITH_BINARY, LARGE_MS);
    const arrived = join(way.to.received, name);
    assert.equal(await sha256(arrived), wanted);
    rmSync(arrived);
    for (const side of [way.from, way.to]) {
      const resident = side.residentMaxBytes;
      assert.ok(resident < RESIDENT_MAX_BYTES, `the ${side.role} has had ${resident} bytes in memory`);
    }
  }
};

async function makeLarge(t: TestContext): Promise<string> {
  const path = join(tempDir(t), 'large');
  const block = Buffer.alloc(MIB);
  for (let at = 0; at < LARGE_BYTES; at += MIB) await appendFile(path, randomFillSync(block));
  return path;
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The API looks first, and refuses; what follows goes on. */
export async function missingAtOnce(way: Way): Promise<void> {
  const gone = new Series(STR, 1, () => ({ file: { path: '/not/there', name: newName() } }));
  await assert.rejects(way.from.program.send(gone.messages), /not.there|No such file/);
  await new Series(STR, 1).goes(way);
}

/** A message whose source is deleted after the API has looked and before the connector reads it, and how to see it through. */
export class Vanishing {
  readonly #series: Series;
  readonly #path: string;
  readonly #name = newName();
  readonly #way: Way;

  constructor(t: TestContext, way: Way) {
    this.#way = way;
    this.#path = join(tempDir(t), 'vanishes');
    writeFileSync(this.#path, 'soon gone');
    this.#series = new Series(WITH_BINARY, 1, () => ({
      file: { path: this.#path, name: this.#name, delete: false },
    }));
  }

  /** To be called while the peer is away, so that the connector has no reason to read it. */
  async send(): Promise<void> {
    await this.#way.from.program.send(this.#series.messages);
    rmSync(this.#path);
  }

  async arrivesWithError(): Promise<void> {
    const { to, from } = this.#way;
    const [got, ...others] = await this.#series.whole(this.#way);
    assert.ok(got !== undefined && others.length === 0, 'the message arrives all the same, once');
    const withFile = got.header['with_file'] as Record<string, unknown>;
    assert.match(String(withFile['file_error']), /vanishes/);
    assert.ok(!existsSync(join(to.received, this.#name)));
    assert.deepEqual(got.data, STR.arrives(0));
    // Python's sender gives no binary_offset then, and its receiver loses the binary (PROTOCOL §3).
    if (from.kind === 'aioc' || to.kind === 'aioc') assert.deepEqual(got.binary, WITH_BINARY.binary?.(0));
  }
}
