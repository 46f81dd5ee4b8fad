import { EventEmitter } from 'node:events';
import { type Instance, render } from 'ink';
import { LinearApp, type LinearHost } from '../../components/accessible/linear-app.tsx';
import { LINEAR_SIZE } from '../../components/accessible/read-out.ts';
import type { LastRun } from '../../components/state/last-run.ts';
import type { Attached } from '../../components/state/ui-state.ts';
import type { ScreenStats } from '../../components/terminal/frame-times.ts';
import { LinearOutput } from '../../components/terminal/linear-output.ts';
import type { SafeText } from '../../components/terminal/sanitize.ts';
import type { FakeEngine } from './fake-engine.ts';
import { FakeLocal } from './fake-local.ts';
import { KeyedTestHost } from './keyed-host.ts';

const STEP_MS = 80;
const ROUNDS_MAX = 50;

export interface TestLinesOptions {
  readonly engine: FakeEngine;
  readonly local?: FakeLocal;
  readonly attached?: Attached;
}

/** The program for a screen reader: keys go in as bytes, what is written comes out. */
export class TestLines extends KeyedTestHost implements LinearHost {
  readonly appearance = { colour: false, unicode: true };
  readonly local: FakeLocal;
  readonly engine: FakeEngine;
  /** Every byte that was written. */
  bytes = '';
  readonly #output = new LinearOutput((text) => {
    this.bytes += text;
  });
  readonly #readers = new Set<(what: 'pane' | 'all') => void>();
  readonly #lastRun: LastRun = {};
  readonly #ink: Instance;

  constructor({ engine, local, attached }: TestLinesOptions) {
    super();
    this.engine = engine;
    this.local = local ?? new FakeLocal();
    const nowhere = Object.assign(new EventEmitter(), { ...LINEAR_SIZE, isTTY: true, write: () => true });
    this.#ink = render(this.#app(attached), {
      stdout: nowhere as unknown as NodeJS.WriteStream,
      stdin: this.promptKeys.asInkStdin(),
      debug: true,
      patchConsole: false,
      exitOnCtrlC: false,
    });
  }

  #app(attached?: Attached) {
    const { engine, local } = this;
    return (
      <LinearApp engine={engine} local={local} host={this} attached={attached} lastRun={this.#lastRun} />
    );
  }

  async attachedNow(attached: Attached): Promise<void> {
    this.#ink.rerender(this.#app(attached));
    await this.settle();
  }

  async lose(): Promise<void> {
    await this.attachedNow('away');
  }

  async resize(): Promise<void> {}

  say(texts: readonly SafeText[]): void {
    this.#output.say(texts);
  }

  typed(line: SafeText | undefined): void {
    this.#output.typed(line);
  }

  readOut(what: 'pane' | 'all'): void {
    for (const reader of this.#readers) reader(what);
  }

  onReadOut(listener: (what: 'pane' | 'all') => void): () => void {
    this.#readers.add(listener);
    return () => this.#readers.delete(listener);
  }

  size(): typeof LINEAR_SIZE {
    return LINEAR_SIZE;
  }

  onResize(): () => void {
    return () => undefined;
  }

  stats(): ScreenStats {
    return {
      ...{ frames: 0, medianMs: 0, p99Ms: 0, bytesWritten: this.bytes.length },
      rows: { composed: 0, kept: 0 },
    };
  }

  beginFrame(): void {}

  show(): void {}

  setMouse(): void {}

  setTheme(): void {}

  repaint(): void {
    this.readOut('all');
  }

  shownRows(): readonly string[] {
    return this.lines();
  }

  /** Waits until there is nothing left to do. */
  async settle(): Promise<void> {
    let quietRounds = 0;
    for (let round = 0; round < ROUNDS_MAX && quietRounds < 3; round += 1) {
      const before = this.bytes;
      for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(STEP_MS);
      quietRounds = this.bytes === before ? quietRounds + 1 : 0;
    }
  }

  /** What was written since `from`, an earlier length of `bytes`. */
  lines(from = 0): string[] {
    return this.bytes.slice(from).split('\n');
  }

  /** What a key, or anything else, made it say. */
  async after(act: () => Promise<unknown> | unknown): Promise<string> {
    const from = this.bytes.length;
    await act();
    await this.settle();
    return this.lines(from).join('\n');
  }

  close(): void {
    this.#ink.unmount();
  }
}

export async function openLines(options: TestLinesOptions): Promise<TestLines> {
  const lines = new TestLines(options);
  await lines.settle();
  return lines;
}
