import type { Command } from '../../engine/contract/commands.ts';
import type { EngineApi } from '../../engine/contract/engine-api.ts';
import { definitionOf, hasPrompt, pressInDialog } from '../dialogs/dialogs.ts';
import { quitDialog } from '../dialogs/quit.ts';
import type { Host, HostTimer } from '../host.ts';
import type { ActionId } from '../keys/action-id.ts';
import { chordOf } from '../keys/chord.ts';
import { dispatch } from '../keys/dispatcher.ts';
import { EVERYWHERE } from '../keys/everywhere.ts';
import { type KeyContext, keyContextOf } from '../keys/key-context.ts';
import { isTooSmall } from '../layout.ts';
import type { LocalActions } from '../local-actions.ts';
import { EngineStore } from '../state/engine-store.ts';
import type { LastRun } from '../state/last-run.ts';
import { choicesOf, REMEMBERED } from '../state/preferences.ts';
import type { EngineData } from '../state/safe-rows.ts';
import { reduceUi, type UiAction } from '../state/ui-reducer.ts';
import { type Attached, initialUiState, type Toast, type UiState } from '../state/ui-state.ts';
import type { InputEvent, Key, KeyEvent } from '../terminal/key-event.ts';
import { type SafeText, sanitize, trusted } from '../terminal/sanitize.ts';
import type { ThemeName } from '../themes/themes.ts';
import { Prompt } from '../widgets/prompt.ts';
import { ChatControl } from './chat-control.ts';
import { cliLine } from './cli-line.ts';
import { Countdown, type PendingAction } from './countdown.ts';
import { HeldContent } from './held-content.ts';
import { KeyQueue } from './key-queue.ts';
import { LastRunRows } from './last-run-rows.ts';
import { Leaving } from './leaving.ts';
import { LineBurst } from './line-burst.ts';
import { pressMouse } from './mouse.ts';
import { isReachable, NOT_SENT } from './reachable.ts';
import { runAction } from './run-action.ts';
import { screenOf, showChoices } from './show-choices.ts';
import { Ticker } from './ticker.ts';
import type { Reactions, UiContext } from './ui-context.ts';
import { UpdateReactions } from './update-reactions.ts';
import { wantedViews } from './wanted-views.ts';

const TOAST_MS = 6_000;
/** While the screen counts the seconds of a silence, and the time that is left to answer a question. */
const SILENT_TICK_MS = 1_000;
const TIME_LEFT_TICK_MS = 10_000;

/** What is drawn: a new object after every change. */
export interface Snapshot {
  readonly ui: UiState;
  readonly data: EngineData;
  readonly context: KeyContext;
}

/** Takes keys and engine updates, and keeps the state that is drawn. */
export class UiController implements UiContext {
  readonly engine: EngineApi;
  readonly local: LocalActions;
  readonly host: Host;
  readonly prompt: Prompt;
  readonly chat: ChatControl;
  readonly countdown: Countdown;
  readonly #store: EngineStore;
  readonly #ticker: Ticker;
  readonly #content: HeldContent;
  readonly #arrivals: UpdateReactions;
  readonly #keys: KeyQueue;
  readonly #burst: LineBurst;
  readonly #listeners = new Set<() => void>();
  readonly #ends: (() => void)[] = [];
  #ui: UiState;
  #snapshot: Snapshot;
  readonly #lastRun: LastRunRows;
  readonly #notice: string | undefined;
  #toastTimer: HostTimer | undefined;
  #isToastStale: ((data: EngineData) => boolean) | undefined;
  readonly #leaving = new Leaving(this);
  #executedCount = 0;

  constructor(context: {
    readonly engine: EngineApi;
    readonly local: LocalActions;
    readonly host: Host;
    readonly attached?: Attached | undefined;
    readonly isConnector?: boolean | undefined;
    readonly hasMouse?: boolean | undefined;
    readonly theme?: ThemeName | undefined;
    readonly completes?: boolean | undefined;
    /** Something to say first. */
    readonly notice?: string | undefined;
    /** From the screen's earlier run, and for its next one. */
    readonly lastRun?: LastRun | undefined;
  }) {
    this.engine = context.engine;
    this.local = context.local;
    this.host = context.host;
    const { attached, isConnector, theme, hasMouse: mouse } = context;
    this.#notice = context.notice;
    const nowMs = this.host.clock.wallNow();
    this.#lastRun = new LastRunRows(context.lastRun ?? {});
    const { completes } = context;
    const look = { ...screenOf(this.host), nowMs, attached, isConnector, mouse, theme, completes };
    const startCommand = trusted(this.local.startCommand);
    this.#ui = this.#lastRun.resumed(initialUiState({ ...look, startCommand }));
    const { engine, host } = this;
    this.#store = new EngineStore({ engine, host, isStill: look.isStill }, () => this.#arrived());
    this.#ticker = new Ticker(this.host.clock, (now) => this.change({ kind: 'minute', nowMs: now }));
    this.#content = new HeldContent(this.host.clock, () => this.#settle({ mayShrink: true }));
    this.prompt = new Prompt({
      feed: (sequence) => this.host.typeIntoPrompt(sequence),
      onChange: (hasNewText) => this.#promptChanged(hasNewText),
      onReady: () => this.#keys.next(),
    });
    this.chat = new ChatControl(this, () => this.#keys.next());
    this.countdown = new Countdown({
      clock: this.host.clock,
      onChange: (pending) => this.change({ kind: 'pending', pending }),
      onDue: (action) => this.#act(action),
      toast: (tone, text) => this.toast(tone, text),
    });
    this.#keys = new KeyQueue({
      mustWait: () => this.#mustWait(),
      act: (event) => this.#key(event),
      onInterrupt: () => this.chat.completion.stop(),
    });
    this.#burst = new LineBurst({
      clock: this.host.clock,
      isWriting: () => this.#ui.editing && this.#ui.dialog === undefined,
      act: (event) => this.#keys.take(event),
    });
    this.#arrivals = new UpdateReactions(this, this.chat);
    this.#snapshot = { ui: this.#ui, data: {}, context: this.context() };
  }

  start(): void {
    this.#ends.push(
      this.host.onKey((event) => this.#burst.take(event)),
      this.host.onResize(() => this.change({ kind: 'resized', size: this.host.size() })),
    );
    this.#ticker.start();
    showChoices(this.host, this.#ui);
    void this.local.loadPreferences().then((choices) => this.change({ kind: 'remembered', choices }));
    this.#settle({ mayShrink: true });
    if (this.#notice !== undefined) this.toast('good', sanitize(this.#notice));
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#ticker.stop();
    this.#content.stop();
    this.#toastTimer?.cancel();
    this.#leaving.stop();
    this.countdown.stop();
    this.#burst.stop();
    this.#store.close();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.#snapshot;

  ui(): UiState {
    return this.#ui;
  }

  data(): EngineData {
    return this.#store.data;
  }

  /** Updates of the engine that a newer one replaced before they were shown. */
  get skippedUpdates(): number {
    return this.#store.skippedUpdates;
  }

  context(): KeyContext {
    const { isShellRunning, editor } = this.chat;
    return keyContextOf(this.#ui, this.#store.data, { isShellRunning, chatLine: editor.text });
  }

  change(action: UiAction): void {
    const next = reduceUi(this.#ui, action);
    if (next === this.#ui) return;
    showChoices(this.host, next, this.#ui);
    this.#ui = next;
    if (REMEMBERED.includes(action.kind)) this.local.savePreferences(choicesOf(next));
    this.#settle({ mayShrink: true });
    if (next.pending !== undefined && !isReachable(next.attached))
      this.countdown.cancel(trusted('the connector is not reachable'));
  }

  /** What is known of the connector that this screen is attached to. */
  attachedNow(attached: Attached | undefined): void {
    const before = this.#ui.attached;
    this.change({ kind: 'attached', attached, nowMs: this.host.clock.wallNow() });
    if (before === 'silent' && attached === 'here')
      this.toast('good', trusted('The connector answers again.'));
  }

  toast(tone: Toast['tone'], text: SafeText, isStale?: (data: EngineData) => boolean): void {
    this.#toastTimer?.cancel();
    this.#isToastStale = isStale;
    this.change({ kind: 'toast', toast: { tone, text } });
    this.#toastTimer = this.host.clock.after(TOAST_MS, () => this.#clearToast());
  }

  #clearToast(): void {
    this.#toastTimer?.cancel();
    this.#isToastStale = undefined;
    this.change({ kind: 'toast', toast: undefined });
  }

  later(action: PendingAction): void {
    const { attached } = this.#ui;
    if (!isReachable(attached)) return this.toast('bad', NOT_SENT[attached]);
    // A read-only screen gets its refusal at once.
    if (this.#store.data.status?.isReadOnly === true) return this.#act(action);
    this.countdown.start(action);
  }

  #act({ commands, done }: PendingAction): void {
    for (const command of commands) this.execute(command, { onOk: () => this.toast('warn', done) });
  }

  execute(command: Command, reactions: Reactions = {}): void {
    const fail = (message: string): void => {
      const text = sanitize(message);
      if (reactions.onFail === undefined) this.toast('bad', text);
      else reactions.onFail(text);
    };
    const { attached } = this.#ui;
    if (!isReachable(attached)) return this.toast('bad', NOT_SENT[attached]);
    // A read-only screen does not ask for what the user has not asked for.
    if (command.kind === 'chat.read' && this.#store.data.status?.isReadOnly === true) return;
    const answered = this.#log(command);
    this.engine.execute(command).then(
      (result) => {
        answered(result.ok ? undefined : result.message);
        if (result.ok) reactions.onOk?.(result.value);
        else fail(result.message);
      },
      (error: unknown) => {
        const message = error instanceof Error ? error.message : 'The connector did not answer.';
        answered(message);
        fail(message);
      },
    );
  }

  /** Keeps a command of the user for `@`; the function that it returns adds the answer. */
  #log(command: Command): (failure: string | undefined) => void {
    const line = cliLine(command, this.#store.data);
    if (line === undefined) return () => undefined;
    this.#executedCount += 1;
    const id = this.#executedCount;
    this.change({ kind: 'executed', entry: { id, atMs: this.host.clock.wallNow(), line } });
    return (failure) => {
      const text = failure === undefined ? trusted('done') : sanitize(failure);
      this.change({ kind: 'answered', id, answer: { isOk: failure === undefined, text } });
    };
  }

  quit(): void {
    this.#leaving.quit();
  }

  /** Opens the views that the new state needs, and notifies the listeners. */
  #settle({ mayShrink }: { readonly mayShrink: boolean }): void {
    const content = this.#content.next(this.#ui, this.#store.data, mayShrink);
    this.#ui = reduceUi(this.#ui, { kind: 'content', content });
    const { dialog } = this.#ui;
    const showsTimeLeft = dialog !== undefined && definitionOf(dialog).showsTimeLeft === true;
    if (this.#ui.attached === 'silent') this.#ticker.setInterval(SILENT_TICK_MS);
    else this.#ticker.setInterval(showsTimeLeft ? TIME_LEFT_TICK_MS : undefined);
    this.#store.freezeLog(this.#ui.frozenLogId !== undefined);
    this.#store.show(wantedViews(this.#ui, this.#store.data));
    this.#snapshot = { ui: this.#ui, data: this.#store.data, context: this.context() };
    this.#lastRun.note(this.#snapshot);
    for (const listener of this.#listeners) listener();
  }

  #arrived(): void {
    this.#ui = reduceUi(this.#ui, { kind: 'arrived', data: this.#store.data });
    this.#ui = this.#lastRun.resume(this.#ui, this.#store.data);
    this.#arrivals.react();
    if (this.#isToastStale?.(this.#store.data) === true) this.#clearToast();
    this.#settle({ mayShrink: false });
    this.#leaving.arrived();
  }

  #mustWait(): boolean {
    const { dialog, filtering, editing, size } = this.#ui;
    if (dialog === undefined && editing && this.chat.completion.isWaiting) return true;
    const isOpen = dialog === undefined ? filtering : hasPrompt(dialog);
    return isOpen && !this.prompt.isReady && !isTooSmall(size);
  }

  #promptChanged(hasNewText: boolean): void {
    const { dialog, filtering } = this.#ui;
    const next = dialog && hasNewText ? definitionOf(dialog).afterTyping?.(dialog) : undefined;
    if (next !== undefined) this.change({ kind: 'dialog', dialog: next });
    else if (dialog === undefined && filtering) this.change({ kind: 'filter', text: this.prompt.text });
    this.change({ kind: 'typed' });
  }

  #key(event: InputEvent): void {
    if (event.kind === 'key' && chordOf(event) === 'ctrl-c' && this.#isAskedToQuit())
      return this.host.quit(0);
    // The user cannot see what other keys would do.
    if (isTooSmall(this.#ui.size) && !(event.kind === 'key' && chordOf(event) === 'ctrl-c')) return;
    const everywhere = event.kind === 'key' ? EVERYWHERE[chordOf(event)] : undefined;
    if (everywhere !== undefined) return this.#run(everywhere);
    const { dialog } = this.#ui;
    if (event.kind === 'mouse') return pressMouse(event, { control: this, chat: this.chat });
    if (dialog !== undefined)
      return pressInDialog(event, dialog, {
        control: this,
        chat: this.chat,
        run: (action, words) => this.#run(action, words),
      });
    if (this.#ui.filtering) return this.#filterKey(event);
    if (event.kind === 'paste') return this.#paste(event);
    this.#commandKey(event);
  }

  #commandKey(key: Key): void {
    if (this.#ui.editing && this.chat.searchKey(key)) return;
    const dispatched = dispatch(chordOf(key), this.context());
    const isText =
      dispatched.kind === 'none' || (dispatched.kind === 'action' && isEditing(dispatched.action));
    if (this.#ui.editing && isText) {
      if (key.name === 'enter') this.#clearToast();
      return this.chat.type(key);
    }
    this.#clearToast();
    this.#lastRun.stop();
    this.change({ kind: 'pressed' });
    if (this.#ui.focus === 'chat') this.chat.markRead();
    if (dispatched.kind === 'refused') this.toast('info', trusted(dispatched.reason));
    if (dispatched.kind === 'action') this.#run(dispatched.action);
  }

  #run(action: ActionId, words?: string): void {
    runAction(action, { control: this, chat: this.chat, words });
  }

  #paste(event: Extract<KeyEvent, { kind: 'paste' }>): void {
    if (this.#ui.editing) this.chat.paste(event);
    else this.toast('info', trusted('Press 4 first: you can paste into the chat line.'));
  }

  #filterKey(event: KeyEvent): void {
    if (event.kind === 'key' && (event.name === 'enter' || event.name === 'tab'))
      return this.change({ kind: 'filtering', on: false });
    if (event.kind === 'key' && event.name === 'escape') {
      this.change({ kind: 'filter', text: '' });
      return this.change({ kind: 'filtering', on: false });
    }
    if (event.kind === 'paste') return this.prompt.paste(event.text);
    if (chordOf(event) === 'ctrl-c') return this.quit();
    if (event.name === 'up' || event.name === 'down') return this.#run(event.name);
    this.prompt.press(event);
  }

  /** Whether the user has been asked already: the question says that Ctrl-C quits now. From another dialog it asks. */
  #isAskedToQuit(): boolean {
    const { dialog } = this.#ui;
    if (dialog?.kind === quitDialog.kind) return true;
    if (dialog !== undefined) this.quit();
    return false;
  }
}

/** Actions that the line editor handles. */
function isEditing(action: ActionId): boolean {
  return action === 'send' || action === 'older-line' || action === 'newer-line';
}
