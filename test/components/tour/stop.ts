import type { Attached } from '../../../components/state/ui-state.ts';
import type { Command } from '../../../engine/contract/commands.ts';
import type { FakeEngine } from '../../helpers/fake-engine.ts';
import type { FakeLocal } from '../../helpers/fake-local.ts';
import { openLines, type TestLines } from '../../helpers/lines.tsx';
import { openScreen, type TestScreen } from '../../helpers/screen.tsx';
import { WORLDS, type World } from './worlds.ts';

/** How the keys reach a connector. */
export type Mode = 'screen' | 'attached' | 'lines';

/** A key of the help, and what must be so after it. */
export interface Stop {
  readonly world?: World;
  /** Keys that lead to where it is pressed. */
  readonly from?: readonly string[];
  /** Ways to press it, if they are not the keys of its row in the table, each alone. */
  readonly ways?: readonly (readonly string[])[];
  /** Keys after it that show what it has done. */
  readonly after?: readonly string[];
  /** What is on the screen, or is read; two if they differ; or what else is so. */
  readonly ends: RegExp | readonly [screen: RegExp, lines: RegExp] | ((visit: Visit) => boolean);
}

/** Esc closes dialogs and takes back filters, marks and zoom. */
const HOME = ['escape', 'escape', 'escape', 'escape', '1', 'g'] as const;
const CLEAR_LINE = ['ctrl-e', 'ctrl-u'] as const;

const SIZE = { columns: 80, rows: 18 } as const;

/** Somebody who goes from stop to stop in one world. */
export class Visit {
  readonly mode: Mode;
  readonly engine: FakeEngine;
  readonly local: FakeLocal;
  readonly host: TestScreen | TestLines;
  #executedBefore = 0;
  #quitsBefore = 0;
  #saidBefore = 0;
  #writtenBefore = 0;

  private constructor(mode: Mode, host: TestScreen | TestLines) {
    this.mode = mode;
    this.host = host;
    this.engine = host.engine;
    this.local = host.local;
  }

  static async begin(mode: Mode, world: World): Promise<Visit> {
    const { engine, local } = WORLDS[world]();
    const attached: { attached?: Attached } = mode === 'attached' ? { attached: 'here' } : {};
    const open = mode === 'lines' ? openLines : openScreen;
    return new Visit(mode, await open({ engine, local, ...SIZE, ...attached }));
  }

  async go({ from = [], after = [] }: Stop, way: readonly string[]): Promise<void> {
    const [first, ...others] = from;
    const there = [...HOME, ...(first === '4' ? [first, ...CLEAR_LINE, ...others] : from)];
    this.#executedBefore = this.engine.executed.length;
    this.#quitsBefore = this.host.quits.length;
    await this.#press([...there, ...way, ...after]);
  }

  /** All in one read, as far as Enter: lines in one read are a paste. */
  async #press(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const enter = keys.indexOf('enter');
    const now = enter > 0 ? keys.slice(0, enter) : keys.slice(0, enter === 0 ? 1 : undefined);
    if ('readOut' in this.host) this.#saidBefore = this.host.bytes.length;
    this.#writtenBefore = this.host.stats().bytesWritten;
    await this.host.rush(...now);
    await this.#press(keys.slice(now.length));
  }

  /** The screen; of lines, what was said since the last keys, and all that can be read. */
  seen(): string {
    if (!('readOut' in this.host)) return this.host.text();
    this.host.readOut('all');
    return this.host.bytes.slice(this.#saidBefore);
  }

  /** The commands of a kind that reached the connector since the key. */
  did<Kind extends Command['kind']>(kind: Kind): readonly Extract<Command, { kind: Kind }>[] {
    const fresh = this.engine.executed.slice(this.#executedBefore);
    return fresh.filter((command): command is Extract<Command, { kind: Kind }> => command.kind === kind);
  }

  /** What was written into the conversation for this user only. */
  get remarks(): string {
    return this.did('chat.local')
      .map(({ row }) => row.text)
      .join('\n');
  }

  /** Since the last keys. */
  get bytesWritten(): number {
    return this.host.stats().bytesWritten - this.#writtenBefore;
  }

  get hasQuit(): boolean {
    return this.host.quits.length > this.#quitsBefore;
  }

  end(): void {
    this.host.close();
  }
}
