/** The chat line against the simplest possible editor: one string, cut into graphemes afresh at every step. */
import { ChatControl } from '../../components/control/chat-control.ts';
import { KeyQueue } from '../../components/control/key-queue.ts';
import { LineBurst } from '../../components/control/line-burst.ts';
import type { UiContext } from '../../components/control/ui-context.ts';
import { chordOf } from '../../components/keys/chord.ts';
import { reduceUi } from '../../components/state/ui-reducer.ts';
import { initialUiState } from '../../components/state/ui-state.ts';
import { KeyDecoder } from '../../components/terminal/key-decoder.ts';
import type { InputEvent } from '../../components/terminal/key-event.ts';
import { trusted } from '../../components/terminal/sanitize.ts';
import { graphemes } from '../../components/terminal/width.ts';
import { FakeClock } from './fake-clock.ts';
import { NAMED_KEYS } from './keyed-host.ts';

/** What a sequence is made of. A paste and a text come as bytes, cut anywhere. */
export type LineStep =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'text' | 'paste'; readonly text: string }
  /** `late`: letters that come before its answer; `isLost`: it comes after the second that keys wait for it. */
  | { readonly kind: 'tab'; readonly late: number; readonly isLost: boolean };

export const KEYS = ['left', 'right', 'home', 'end', 'backspace', 'delete', 'ctrl-u', 'ctrl-k'] as const;
export const PIECES: readonly string[] = [
  ...[
    'a',
    'b',
    'al',
    'Z',
    ' ',
    '-',
    '日',
    'e',
    'e\u0301',
    '\u0301',
    '\u200d',
    '👩',
    '👍',
    '🏽',
    '🇩',
    '🇪',
    'ᄀ',
  ],
  ...['ᅡ', 'न', '्', '\ufe0f', 'ש', '👨‍👩‍👧'],
];
const BEGUN = [' al', ' alph', ' b', ' 日', ' e\u0301'];
const CANDIDATES = ['alpha', 'alps/', 'beta-max', '日本', 'e\u0301t\u0301'];

export function randomSteps(fraction: () => number): readonly LineStep[] {
  const below = (count: number): number => Math.floor(fraction() * count);
  const piece = (): string => PIECES[below(PIECES.length)] ?? '';
  const step = (): readonly LineStep[] => {
    const chance = below(20);
    if (chance < 7) return [{ kind: 'key', name: KEYS[below(chance < 5 ? 6 : 8)] ?? '' }];
    const tab: LineStep = { kind: 'tab', late: below(4), isLost: below(4) === 0 };
    // Most words are none that a candidate begins with.
    if (chance < 9)
      return chance === 7 ? [tab] : [{ kind: 'text', text: BEGUN[below(BEGUN.length)] ?? '' }, tab];
    if (chance < 12) return [{ kind: 'paste', text: Array.from({ length: 1 + below(6) }, piece).join('') }];
    return [{ kind: 'text', text: piece() }];
  };
  const begin: readonly LineStep[] = below(2) === 0 ? [{ kind: 'text', text: '!cat ' }] : [];
  return [...begin, ...Array.from({ length: 1 + below(24) }, step).flat()];
}

/** The simplest editor. A completion is asked for with the text before the cursor, and filled in where that is still so. */
export interface Model {
  text: string;
  /** In code units, always at a boundary of graphemes. */
  at: number;
}

function settled(text: string, at: number): Model {
  let end = 0;
  for (const part of graphemes(text)) {
    if (end >= at) break;
    end += part.length;
  }
  return { text, at: end };
}

export function pressed({ text, at }: Model, name: string): Model {
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const ends = [0];
  for (const part of graphemes(text)) ends.push((ends.at(-1) ?? 0) + part.length);
  const left = ends.findLast((end) => end < at) ?? 0;
  const right = ends.find((end) => end > at) ?? text.length;
  switch (name) {
    case 'left':
      return { text, at: left };
    case 'right':
      return { text, at: right };
    case 'home':
      return { text, at: 0 };
    case 'end':
      return { text, at: text.length };
    case 'backspace':
      return settled(text.slice(0, left) + after, left);
    case 'delete':
      return settled(before + text.slice(right), at);
    case 'ctrl-u':
      return settled(after, 0);
    default:
      return settled(before, at);
  }
}

export function inserted({ text, at }: Model, added: string): Model {
  return settled(text.slice(0, at) + added + text.slice(at), at + added.length);
}

function completed({ text, at }: Model): Model {
  const before = text.slice(0, at);
  const word = /\S*$/.exec(before)?.[0] ?? '';
  const fitting = CANDIDATES.filter((one) => one.startsWith(word));
  const [only] = fitting;
  if (only === undefined) return { text, at };
  let common = only;
  while (!fitting.every((one) => one.startsWith(common))) common = common.slice(0, -1);
  const line = before.slice(0, before.length - word.length) + common;
  return settled(line + text.slice(at), line.length);
}

type Answer = (candidates: readonly string[]) => void;

/** The real line, with its decoder and its queue of keys, and no screen. */
class LineUnderTest {
  readonly clock = new FakeClock(0);
  readonly #decoder: KeyDecoder;
  readonly chat: ChatControl;
  /** What Tab asked for, and nobody has answered. */
  readonly asked: Answer[] = [];

  constructor() {
    let ui = initialUiState({ size: { columns: 80, rows: 24 }, nowMs: 0, startCommand: trusted('aioc') });
    const completePath = (): Promise<readonly string[]> =>
      new Promise((answer) => {
        this.asked.push(answer);
      });
    const control = {
      host: { clock: this.clock },
      local: { loadHistory: () => new Promise(() => undefined), completePath, saveHistory: () => undefined },
      ui: () => ui,
      data: () => ({}),
      toast: () => undefined,
      execute: () => undefined,
      change: (action: Parameters<UiContext['change']>[0]) => {
        ui = reduceUi(ui, action);
      },
    } as unknown as UiContext;
    const keys = new KeyQueue({
      mustWait: () => this.chat.completion.isWaiting,
      act: (event) => this.#act(event),
      onInterrupt: () => this.chat.completion.stop(),
    });
    this.chat = new ChatControl(control, () => keys.next());
    const burst = new LineBurst({
      ...{ clock: this.clock, isWriting: () => true },
      act: (event) => keys.take(event),
    });
    this.#decoder = new KeyDecoder({ clock: this.clock, onEvent: (event) => burst.take(event) });
  }

  write(bytes: Buffer): void {
    this.#decoder.write(bytes);
  }

  #act(event: InputEvent): void {
    if (event.kind === 'mouse') return;
    if (event.kind === 'paste') return this.chat.paste(event);
    const isTab = chordOf(event) === 'tab';
    if (!isTab) return this.chat.type(event);
    this.chat.completion.close();
    // The names of commands come from no list of the machine.
    if (/^!\S+\s/.test(this.chat.editor.textBeforeCursor)) this.chat.completion.next(1);
  }
}

/** @returns what is wrong, or undefined */
export async function lineFault(
  steps: readonly LineStep[],
  fraction: () => number,
): Promise<string | undefined> {
  const line = new LineUnderTest();
  let model: Model = { text: '', at: 0 };
  for (const [index, step] of steps.entries()) {
    if (step.kind === 'tab') {
      line.write(Buffer.from('\t'));
      model = await answered(line, model, { step, fraction });
    } else {
      writeInPieces(line, step, fraction);
      model = applied(model, step);
    }
    const shown = [line.chat.editor.textBeforeCursor, line.chat.editor.text];
    const wanted = [model.text.slice(0, model.at), model.text];
    if (shown.join('\0') !== wanted.join('\0'))
      return `after step ${index} of ${JSON.stringify(steps)}: ${JSON.stringify(shown)}, not ${JSON.stringify(wanted)}`;
  }
  return undefined;
}

function applied(model: Model, step: Exclude<LineStep, { kind: 'tab' }>): Model {
  if (step.kind === 'key') return pressed(model, step.name);
  // A paste is inserted as one, typed text by its characters.
  if (step.kind === 'paste') return inserted(model, step.text);
  return [...step.text].reduce(inserted, model);
}

function writeInPieces(
  line: LineUnderTest,
  step: Exclude<LineStep, { kind: 'tab' }>,
  fraction: () => number,
): void {
  const bytes = Buffer.from(
    step.kind === 'key'
      ? (NAMED_KEYS[step.name] ?? '')
      : step.kind === 'paste'
        ? `\x1b[200~${step.text}\x1b[201~`
        : step.text,
  );
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(fraction() * (bytes.length - at));
    line.write(bytes.subarray(at, end));
    at = end;
  }
}

/** Keys that come behind Tab while it waits for its answer, in the line as in the model. */
async function answered(
  line: LineUnderTest,
  model: Model,
  { step, fraction }: { readonly step: Extract<LineStep, { kind: 'tab' }>; readonly fraction: () => number },
): Promise<Model> {
  // The candidates are asked for in a microtask or at once.
  await undefined;
  const [answer] = line.asked.splice(0);
  if (answer === undefined) return model;
  const behind: string[] = [];
  for (let count = 0; count < step.late; count += 1) {
    const text = PIECES[Math.floor(fraction() * 4)] ?? '';
    behind.push(...text);
    line.write(Buffer.from(text));
  }
  if (step.isLost) line.clock.advance(1_000);
  answer(CANDIDATES);
  for (let turn = 0; turn < 6; turn += 1) await undefined;
  // Too late for a line that has changed.
  const isFilledIn = !step.isLost || behind.length === 0;
  return behind.reduce(inserted, isFilledIn ? completed(model) : model);
}
