import { join } from 'node:path';
import type { Disk } from '../../base/disk.ts';
import { toAiocError } from '../../base/errors.ts';
import type { Randomness } from '../../base/ports.ts';
import { ConversationFile } from './conversation-file.ts';
import { KeptConversation } from './kept-conversation.ts';
import type { KeptContent } from './records.ts';

export interface KeptConversationsOptions {
  /** Only its user can read it. */
  readonly directory: string;
  readonly disk: Disk;
  readonly random: Pick<Randomness, 'bytes'>;
  readonly ownName: string;
  readonly messageType: string;
  /** What cannot be read or written, and why: once, until it can be. */
  readonly onTrouble: (text: string) => void;
}

/** The conversations of the chat, in a file for each peer that is named by the fingerprint of its certificate. */
export class KeptConversations {
  readonly #options: KeptConversationsOptions;
  readonly #runId: string;
  readonly #read = new Map<string, KeptConversation>();
  #isTroubled = false;

  constructor(options: KeptConversationsOptions) {
    this.#options = options;
    this.#runId = `${options.random.bytes(6).toString('hex')}-`;
  }

  /** Reads a conversation, unless it has been read. Never rejects. */
  async prepare(fingerprint: string): Promise<KeptConversation> {
    const known = this.#read.get(fingerprint);
    if (known !== undefined) return known;
    const { disk, directory, ownName, messageType } = this.#options;
    const file = new ConversationFile({
      disk,
      path: join(directory, fileOf(fingerprint)),
      onTrouble: (error) => this.#troubled(error),
    });
    let content: KeptContent = { name: undefined, rows: [], received: [] };
    try {
      content = await file.read();
    } catch (error) {
      this.#troubled(error as Error);
    }
    const conversation =
      this.#read.get(fingerprint) ??
      new KeptConversation({ file, content, runId: this.#runId, ownName, messageType });
    this.#read.set(fingerprint, conversation);
    return conversation;
  }

  /** One that has been read. */
  get(fingerprint: string): KeptConversation | undefined {
    return this.#read.get(fingerprint);
  }

  /** Resolves when everything is written, or cannot be. */
  async saved(): Promise<void> {
    await Promise.all([...this.#read.values()].map((one) => one.saved()));
  }

  #troubled(error: Error | undefined): void {
    const isFirst = error !== undefined && !this.#isTroubled;
    this.#isTroubled = error !== undefined;
    if (!isFirst) return;
    const { message } = toAiocError(error, 'AIOC_STATE_DIRECTORY');
    this.#options.onTrouble(`what is said cannot be kept for the next start: ${message}`);
  }
}

/** A conversation that is kept in a directory. */
export interface StoredConversation {
  readonly fingerprint: string;
  /** How its peer was called last. */
  readonly name: string | undefined;
  readonly path: string;
}

/** The conversations in a directory; none if there is no such directory. @throws the system's error */
export async function storedConversations(
  disk: Disk,
  directory: string,
): Promise<readonly StoredConversation[]> {
  const names = await disk.list(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => FILE.test(name));
  return Promise.all(
    files.map(async (name) => {
      const path = join(directory, name);
      const file = new ConversationFile({ disk, path, onTrouble: () => undefined });
      return { fingerprint: name.replace(FILE, ''), name: (await file.read()).name, path };
    }),
  );
}

const FILE = /\.jsonl$/;

function fileOf(fingerprint: string): string {
  return `${fingerprint}.jsonl`;
}
