import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

const SLASH = Buffer.from('/');

/** What an entry of a tree is, in one line: kind, mode, time, and content. */
function lineOf(path: Buffer): string {
  const found = lstatSync(path);
  const time = Math.trunc(found.mtimeMs);
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  if (found.isSymbolicLink())
    return `link ${time} ${readlinkSync(path, { encoding: 'buffer' }).toString('latin1')}`;
  if (found.isDirectory()) return `dir ${mode} ${time}`;
  if (!found.isFile()) return 'special';
  return `file ${mode} ${time} ${found.size} ${found.size > 2 ** 28 ? `${found.blocks * 512 < 2 ** 20}` : digestOf(path)}`;
}

function digestOf(path: Buffer): string {
  const hash = createHash('sha256');
  const fd = openSync(path, 'r');
  const piece = Buffer.alloc(2 ** 20);
  for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece))
    hash.update(piece.subarray(0, read));
  closeSync(fd);
  return hash.digest('hex').slice(0, 8);
}

/** All entries of a tree by their names, which are in Latin-1, so that no byte is lost. */
export function treeSnapshot(root: string, of: (path: Buffer) => string = lineOf): Record<string, string> {
  const lines: Record<string, string> = {};
  const walk = (path: Buffer, name: Buffer): void => {
    lines[name.toString('latin1')] = of(path);
    if (!lstatSync(path).isDirectory()) return;
    for (const below of (readdirSync(path, { encoding: 'buffer' }) as Buffer[]).sort(Buffer.compare))
      walk(
        Buffer.concat([path, SLASH, below]),
        name.length === 0 ? below : Buffer.concat([name, SLASH, below]),
      );
  };
  walk(Buffer.from(root), Buffer.alloc(0));
  return lines;
}
