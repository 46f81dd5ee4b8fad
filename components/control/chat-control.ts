import type { LocalRow } from '../../engine/contract/commands.ts';
import { askAboutPaste } from '../dialogs/paste.ts';
import type { HostTimer } from '../host.ts';
import type { RunningShell } from '../local-actions.ts';
import { type ChatLine, parseChatLine } from '../state/chat-line.ts';
import { type CompletionRequest, complete, completionRequest } from '../state/completion.ts';
import { NOBODY } from '../state/ui-state.ts';
import { unreadOf } from '../state/unread.ts';
import type { KeyEvent, Paste } from '../terminal/key-event.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { LineEditor, pasteLines } from '../widgets/line-editor.ts';
import { ChatCommands } from './chat-commands.ts';
import type { UiContext } from './ui-context.ts';

/** A longer paste should be a file. */
const PASTE_CHARACTERS_MAX = 64 * 1024;
const CHOICES_SHOWN = 12;
/** Keys wait this long for a completion, which may come from a connector or a slow disk. */
const COMPLETION_TIMEOUT_MS = 1_000;

/** The chat's line: editing it, and what happens when it is sent. */
export class ChatControl {
  readonly #control: UiContext;
  /** Unsent lines by peer: a line must not reach the wrong peer. */
  readonly #drafts = new Map<string, string>();
  readonly #shells: RunningShell[] = [];
  #editor = new LineEditor();
  /** Makes row keys unique: another screen on the same engine adds rows too. */
  readonly #keyPrefix: string;
  #rowsMade = 0;
  readonly #onCompleted: () => void;
  readonly #commands: ChatCommands;
  /** Runs while keys wait for a completion. */
  #completing: HostTimer | undefined;

  /** `onCompleted`: keys need not wait any longer. */
  constructor(control: UiContext, onCompleted: () => void) {
    this.#control = control;
    this.#onCompleted = onCompleted;
    this.#commands = new ChatCommands(control, {
      remark: (...those) => this.#remark(...those),
      talkTo: (peer) => this.talkTo(peer),
    });
    this.#keyPrefix = control.host.clock.wallNow().toString(36);
    void control.local.loadHistory().then((history) => {
      if (this.#editor.isEmpty && this.#editor.history.length === 0)
        this.#editor = new LineEditor({ history });
    });
  }

  get editor(): LineEditor {
    return this.#editor;
  }

  /** Where local commands run. */
  get directory(): SafeText {
    return sanitize(this.#control.local.shownDirectory);
  }

  get isShellRunning(): boolean {
    return this.#shells.length > 0;
  }

  /** Keys for the line must wait: a completion changes it. */
  get isCompleting(): boolean {
    return this.#completing !== undefined;
  }

  /** Ends the wait; a completion that comes later changes only a line that is still the same. */
  stopCompleting(): void {
    if (this.#completing === undefined) return;
    this.#completing.cancel();
    this.#completing = undefined;
    this.#onCompleted();
  }

  /** Interrupts the command that was started last. */
  stopShell(): void {
    this.#shells.at(-1)?.cancel();
  }

  /** Switches to another conversation; each keeps its unsent line. */
  talkTo(peer: { readonly id: string; readonly name: SafeText }): void {
    const { chatPeer } = this.#control.ui();
    if (chatPeer !== undefined && chatPeer.id !== peer.id) {
      this.#drafts.set(chatPeer.id, this.#editor.text);
      this.#editor.setText(this.#drafts.get(peer.id) ?? '');
      this.#drafts.delete(peer.id);
    }
    this.#control.change({ kind: 'talk-to', peer });
  }

  /** Handles a key that edits the line or sends it. */
  type(event: KeyEvent): void {
    this.markRead();
    if (event.kind === 'key' && event.name === 'enter' && !this.#mayBeSent()) return;
    const effect = this.#editor.apply(event);
    if (effect.kind === 'none') return;
    if (effect.kind === 'submit') this.send(effect.text);
    this.#control.change({ kind: 'typed' });
  }

  paste(paste: Paste): void {
    const { text, truncated } = paste;
    const lineCount = pasteLines(text);
    if (truncated || text.length > PASTE_CHARACTERS_MAX) {
      const limit = trusted(`${PASTE_CHARACTERS_MAX / 1024} kB`);
      this.#control.toast(
        'bad',
        safe`The paste is longer than ${limit} and was not inserted. Send it as a file: !upload <path>`,
      );
    } else if (lineCount > 1) {
      askAboutPaste(this.#control, text, lineCount);
    } else {
      this.#insert(text.replace(/\n$/, ''));
    }
  }

  /** The answer to a paste of several lines. */
  pasteAs(text: string, how: 'one' | 'lines'): void {
    if (how === 'one') this.#insert(text.trimEnd());
    else for (const line of text.replace(/\n$/, '').split('\n')) this.#say(line);
  }

  markRead(): void {
    const { chatPeer, chat } = this.#control.ui();
    if (chatPeer === undefined || chat.endId !== undefined) return;
    if (unreadOf(this.#control.ui(), this.#control.data()) > 0)
      this.#control.execute({ kind: 'chat.read', peer: chatPeer.id });
  }

  /** Sends a line, or runs the command in it. */
  send(text: string): void {
    this.#control.local.saveHistory(text);
    this.#control.change({ kind: 'chat-to-end' });
    this.#run(parseChatLine(text));
  }

  /** Completes a line that starts with `!`, asynchronously. */
  complete(): void {
    const line = this.#editor.textBeforeCursor;
    const request = completionRequest(line);
    if (request === undefined) return;
    this.stopCompleting();
    const wait = this.#control.host.clock.after(COMPLETION_TIMEOUT_MS, () => this.stopCompleting());
    this.#completing = wait;
    void this.#commands
      .candidates(request)
      .then(
        (candidates) => this.#filledIn(line, request, candidates),
        () => this.#control.toast('bad', trusted('The connector did not answer.')),
      )
      .then(() => {
        if (this.#completing === wait) this.stopCompleting();
      });
  }

  #run(line: ChatLine): void {
    const peer = this.#control.ui().chatPeer?.id ?? NOBODY;
    switch (line.kind) {
      case 'say':
        return this.#say(line.text);
      case 'shell':
        return this.#shell(peer, line.command);
      case 'incomplete':
        return this.#control.toast('warn', trusted(line.usage));
      case 'exit':
        return this.#control.quit();
      case 'empty':
        return;
      default:
        return this.#commands.run(line, peer);
    }
  }

  #say(text: string): void {
    const peer = this.#control.ui().chatPeer?.id;
    if (peer === undefined || text.trim() === '') return;
    this.#control.execute(
      { kind: 'chat.say', peer, text },
      { onFail: (why) => this.#remark(peer, why, 'bad') },
    );
  }

  #shell(peer: string, command: string): void {
    const key = this.#newKey('shell');
    // Added before the start: a command that ends at once must find its entry.
    const entry = { cancel: (): void => {} };
    this.#shells.push(entry);
    const shell = this.#control.local.runShell(command, (row) => {
      this.#put(peer, { key, text: command, shell: row });
      if (row.running) return;
      const at = this.#shells.indexOf(entry);
      if (at >= 0) this.#shells.splice(at, 1);
      this.#control.change({ kind: 'typed' });
    });
    entry.cancel = () => shell.cancel();
  }

  /** False, with a toast, for a line that no peer would get: the line stays. */
  #mayBeSent(): boolean {
    const { kind } = parseChatLine(this.#editor.text);
    if (kind === 'empty') return false;
    const { attached } = this.#control.ui();
    if (attached === 'away' || attached === 'silent') {
      const why = attached === 'away' ? 'Connector not reachable' : 'The connector does not answer';
      this.#control.toast('warn', trusted(`${why}. Your line is kept.`));
      return false;
    }
    if (this.#control.ui().chatPeer !== undefined || !(kind === 'say' || kind === 'upload')) return true;
    this.#control.toast('warn', trusted('No peers yet. Your line is kept.'));
    return false;
  }

  #remark(peer: string, text: string, tone: 'info' | 'good' | 'bad'): void {
    this.#put(peer, { key: this.#newKey('remark'), text, tone });
  }

  #put(peer: string, row: LocalRow): void {
    this.#control.execute({ kind: 'chat.local', peer, row });
  }

  #newKey(kind: string): string {
    this.#rowsMade += 1;
    return `${kind}-${this.#keyPrefix}-${this.#rowsMade}`;
  }

  #insert(text: string): void {
    const effect = this.#editor.insert(text);
    if (effect.kind === 'changed' && effect.truncated === true)
      this.#control.toast('warn', trusted('The line is full: the end of the paste was cut off.'));
    this.#control.change({ kind: 'typed' });
  }

  #filledIn(line: string, request: CompletionRequest, candidates: readonly string[]): void {
    // The user has changed the line meanwhile: this completion is out of date.
    if (this.#editor.textBeforeCursor !== line) return;
    const completion = complete(line, request, candidates);
    if (completion.line !== line) this.#editor.replaceBefore(completion.line);
    else if (completion.choices.length === 0) this.#control.toast('info', trusted('No completion found.'));
    if (completion.choices.length > 0) {
      const names = completion.choices.slice(0, CHOICES_SHOWN).map((name) => sanitize(name));
      const more = completion.choices.length > CHOICES_SHOWN ? trusted('  …') : trusted('');
      this.#control.toast('info', safe`${names.reduce((all, name) => safe`${all}  ${name}`)}${more}`);
    }
    this.#control.change({ kind: 'typed' });
  }
}
