import { KeyDecoder } from '../../components/terminal/key-decoder.ts';
import type { InputEvent } from '../../components/terminal/key-event.ts';
import { KeyFeed } from '../../components/terminal/key-feed.ts';
import { FakeClock } from './fake-clock.ts';
import { NOW_MS } from './sample-data.ts';

/** Keys by their names, as the bytes that a terminal sends. */
export const NAMED_KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  backspace: '\x7f',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
  home: '\x1b[H',
  end: '\x1b[F',
  f1: '\x1bOP',
  f12: '\x1b[24~',
  escape: '\x1b',
  'ctrl-c': '\x03',
  'ctrl-l': '\x0c',
  'ctrl-r': '\x12',
  'ctrl-s': '\x13',
  'ctrl-z': '\x1a',
  delete: '\x1b[3~',
  'ctrl-a': '\x01',
  'ctrl-e': '\x05',
  'ctrl-k': '\x0b',
  'ctrl-u': '\x15',
  'ctrl-w': '\x17',
  'alt-enter': '\x1b\r',
  'alt-backspace': '\x1b\x7f',
  'alt-left': '\x1b[1;3D',
  'alt-right': '\x1b[1;3C',
  'ctrl-left': '\x1b[1;5D',
  'ctrl-right': '\x1b[1;5C',
  'ctrl-_': '\x1f',
  space: ' ',
};

/** What a terminal sends for a key; of any other name, the name itself. */
function bytesOf(name: string): string {
  const [, modifier, character] = /^(alt|ctrl)-(.)$/.exec(name) ?? [];
  if (NAMED_KEYS[name] !== undefined || character === undefined) return NAMED_KEYS[name] ?? name;
  return modifier === 'alt' ? `\x1b${character}` : String.fromCharCode(character.charCodeAt(0) & 0x1f);
}

/** What the screen and the lines for a screen reader have in common in a test: keys go in as bytes. */
export abstract class KeyedTestHost {
  readonly clock = new FakeClock(NOW_MS);
  /** Exit codes with which it asked to quit. */
  readonly quits: number[] = [];
  /** How often it asked to be suspended. */
  suspensions = 0;
  /** What went to the clipboard. */
  readonly copied: string[] = [];
  /** What was passed on to ink-text-input, key by key. */
  readonly promptKeysFed: string[] = [];
  protected readonly promptKeys = new KeyFeed();
  readonly #keys = new Set<(event: InputEvent) => void>();
  readonly #decoder = new KeyDecoder({
    clock: this.clock,
    onEvent: (event) => {
      for (const listener of this.#keys) listener(event);
    },
  });

  /** Waits until there is nothing left to do. */
  abstract settle(): Promise<void>;

  onKey(listener: (event: InputEvent) => void): () => void {
    this.#keys.add(listener);
    return () => this.#keys.delete(listener);
  }

  typeIntoPrompt(sequence: string): void {
    this.promptKeysFed.push(sequence);
    this.promptKeys.write(sequence);
  }

  copy(text: string): void {
    this.copied.push(text);
  }

  suspend(): void {
    this.suspensions += 1;
  }

  quit(exitCode: number): void {
    this.quits.push(exitCode);
  }

  /** A piece of input; nothing waits for what it does. */
  write(bytes: string): void {
    this.#decoder.write(bytes);
  }

  /** Presses keys by their names (`enter`, `alt-1`, `q`), one after the other. */
  async press(...names: string[]): Promise<void> {
    for (const name of names) {
      this.write(bytesOf(name));
      if (name === 'escape') this.#decoder.flush();
      await this.settle();
    }
  }

  /** Presses keys one right after the other: what they do may still be under way when the next one comes. */
  async rush(...names: string[]): Promise<void> {
    for (const name of names) {
      this.write(bytesOf(name));
      if (name === 'escape') this.#decoder.flush();
    }
    await this.settle();
  }

  /** Types text in a single read, as a fast typist or a slow machine does. */
  async type(text: string): Promise<void> {
    this.write(text);
    await this.settle();
  }

  async paste(text: string): Promise<void> {
    await this.type(`\x1b[200~${text}\x1b[201~`);
  }
}
