import { isUnderWay } from '../keys/key-context.ts';
import { chatHelp } from '../state/chat-commands.ts';
import type { ChatLine, ImportHow } from '../state/chat-line.ts';
import { type CompletionRequest, commandCandidates } from '../state/completion.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { filesText, meantPeer, peersText, whoText } from './chat-lists.ts';
import { ALL_PEERS, readOnce } from './read-once.ts';
import type { UiContext } from './ui-context.ts';

const DONE: Readonly<Record<ImportHow, string>> = {
  import: 'copied',
  zimport: 'unzipped',
  dezip: 'unzipped',
};

export interface Conversing {
  /** A row that only this side sees; it may have several lines. */
  remark(peer: string, text: string, tone: 'info' | 'good' | 'bad'): void;
  talkTo(peer: { readonly id: string; readonly name: SafeText }): void;
}

type OwnCommand = Exclude<ChatLine, { kind: 'say' | 'shell' | 'incomplete' | 'exit' | 'empty' }>;

/** The commands of the chat line but those of the shell. */
export class ChatCommands {
  readonly #control: UiContext;
  readonly #chat: Conversing;

  constructor(control: UiContext, chat: Conversing) {
    this.#control = control;
    this.#chat = chat;
  }

  /** `peer`: in whose conversation it was typed. */
  run(line: OwnCommand, peer: string): void {
    switch (line.kind) {
      case 'upload':
        return this.#answer(peer, this.#upload(peer, line));
      case 'import':
        return this.#import(peer, line.how, line.name);
      case 'cd':
        return this.#answer(peer, this.#changeDirectory(line.to));
      case 'to':
        return this.#answer(peer, this.#chooseConversation(line.name));
      case 'files':
        return this.#answer(peer, this.#files());
      case 'peers':
        return this.#answer(peer, peersText(this.#control.engine));
      case 'who':
        return this.#answer(peer, whoText(this.#control.engine, this.#control.data().status));
      case 'help':
        return this.#chat.remark(peer, chatHelp(), 'info');
    }
  }

  /** What a word of the line may be. */
  async candidates({ source, prefix }: CompletionRequest): Promise<readonly string[]> {
    switch (source) {
      case 'command':
        return commandCandidates();
      case 'path':
      case 'directory':
        return this.#control.local.completePath(prefix);
      case 'peer':
        return (await readOnce(this.#control.engine, ALL_PEERS)).rows.map(({ name }) => name);
      case 'received':
      case 'archive': {
        const result = await this.#control.engine.execute({ kind: 'files.list' });
        return result.ok && Array.isArray(result.value) ? result.value : [];
      }
    }
  }

  /** Writes the text into the conversation, or why there is none. */
  #answer(peer: string, text: Promise<string | undefined>): void {
    void text.then(
      (found) => found !== undefined && this.#chat.remark(peer, found, 'info'),
      (error: unknown) =>
        this.#chat.remark(peer, error instanceof Error ? error.message : 'It failed.', 'bad'),
    );
  }

  async #upload(
    peer: string,
    { paths, written }: Extract<OwnCommand, { kind: 'upload' }>,
  ): Promise<undefined> {
    const { local } = this.#control;
    const whole = local.resolvePath(written);
    const isOne = paths.length > 1 && (await local.exists(whole));
    for (const path of isOne ? [whole] : paths.map((one) => local.resolvePath(one)))
      this.#control.execute(
        { kind: 'chat.upload', peer, path },
        { onFail: (why) => this.#chat.remark(peer, why, 'bad') },
      );
  }

  #import(peer: string, how: ImportHow, name: string): void {
    const directory = how === 'dezip' ? undefined : this.#control.local.workingDirectory;
    this.#control.execute(
      {
        ...{ kind: 'files.import', name, unzip: how !== 'import' },
        ...(directory !== undefined && { directory }),
      },
      {
        onOk: (value) => {
          const where = typeof value === 'string' && value !== '' ? value : (directory ?? 'its directory');
          const done = safe`${sanitize(name)} ${trusted(DONE[how])} to ${sanitize(where)}`;
          this.#chat.remark(peer, done, 'good');
        },
        onFail: (why) => this.#chat.remark(peer, why, 'bad'),
      },
    );
  }

  async #changeDirectory(to: string | undefined): Promise<string> {
    const { local } = this.#control;
    await local.changeDirectory(to);
    this.#control.change({ kind: 'typed' });
    return `Commands run in ${local.shownDirectory} now.`;
  }

  async #chooseConversation(name: string): Promise<undefined> {
    const { rows } = await readOnce(this.#control.engine, ALL_PEERS);
    const found = meantPeer(rows, name);
    if (found === undefined) throw new Error(`There is no peer ${name}. !peers lists them.`);
    if (found === 'several') throw new Error(`More than one peer begins with ${name}. !peers lists them.`);
    this.#chat.talkTo({ id: found.id, name: sanitize(found.name) });
  }

  #files(): Promise<string> {
    const { status, chat } = this.#control.data();
    const others = (chat?.rows ?? []).filter(isUnderWay).map(({ text }) => text);
    return filesText(this.#control.engine, status?.receivedDirectory ?? '', others);
  }
}
