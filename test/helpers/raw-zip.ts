import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of an archive, with whatever lies about it a test wants to tell. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly deflate?: boolean;
  /** Unix mode with its file type, as in 0o120777 for a link. */
  readonly mode?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly extra?: Buffer;
  // Said in the central directory instead of the truth:
  readonly saidCrc?: number;
  readonly saidSize?: number;
  readonly saidPackedSize?: number;
  readonly saidOffset?: number;
  // Said in the local header:
  readonly localName?: string;
  readonly localMethod?: number;
}

export interface RawArchive {
  readonly saidEntries?: number;
  readonly saidDirectoryOffset?: number;
  /** Bytes between the central directory and its end record. */
  readonly beforeEnd?: Buffer;
  readonly saidDisk?: number;
}

const UTF8_FLAG = 0x0800;

/** The bytes of an archive, written field by field, so that it can be wrong in any way. */
export function rawZip(entries: readonly RawEntry[], archive: RawArchive = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '');
    const packed = entry.deflate ? deflateRawSync(content) : content;
    const context: Facts = { entry, content, packed, offset };
    const local = localHeader(context);
    parts.push(local, packed);
    central.push(centralHeader(context));
    offset += local.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(archive.saidDisk ?? 0, 4);
  end.writeUInt16LE(archive.saidEntries ?? entries.length, 8);
  end.writeUInt16LE(archive.saidEntries ?? entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(archive.saidDirectoryOffset ?? offset, 16);
  return Buffer.concat([...parts, directory, archive.beforeEnd ?? Buffer.alloc(0), end]);
}

/** The two records of a 64-bit archive, to stand before the end record that `rawZip` writes. */
export function zip64End(options: { readonly at: bigint; readonly directoryOffset: bigint }): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(1n, 24);
  record.writeBigUInt64LE(1n, 32);
  record.writeBigUInt64LE(options.directoryOffset, 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(options.at, 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([record, locator]);
}

interface Facts {
  readonly entry: RawEntry;
  readonly content: Buffer;
  readonly packed: Buffer;
  readonly offset: number;
}

function localHeader({ entry, content, packed }: Facts): Buffer {
  const name = Buffer.from(entry.localName ?? entry.name);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  header.writeUInt16LE(entry.flags ?? UTF8_FLAG, 6);
  header.writeUInt16LE(entry.localMethod ?? methodOf(entry), 8);
  header.writeUInt32LE(entry.saidCrc ?? crc32(content), 14);
  header.writeUInt32LE(entry.saidPackedSize ?? packed.length, 18);
  header.writeUInt32LE(entry.saidSize ?? content.length, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function centralHeader({ entry, content, packed, offset }: Facts): Buffer {
  const name = Buffer.from(entry.name);
  const extra = entry.extra ?? Buffer.alloc(0);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  // Made on Unix only where a mode is given.
  header.writeUInt16LE(entry.mode === undefined ? 20 : 0x0314, 4);
  header.writeUInt16LE(20, 6);
  header.writeUInt16LE(entry.flags ?? UTF8_FLAG, 8);
  header.writeUInt16LE(methodOf(entry), 10);
  header.writeUInt32LE(entry.saidCrc ?? crc32(content), 16);
  header.writeUInt32LE(entry.saidPackedSize ?? packed.length, 20);
  header.writeUInt32LE(entry.saidSize ?? content.length, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt16LE(extra.length, 30);
  header.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 38);
  header.writeUInt32LE(entry.saidOffset ?? offset, 42);
  return Buffer.concat([header, name, extra]);
}

function methodOf(entry: RawEntry): number {
  return entry.method ?? (entry.deflate ? 8 : 0);
}
