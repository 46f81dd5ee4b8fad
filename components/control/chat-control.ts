import type { LocalRow } from '../../engine/contract/commands.ts';
import { askAboutPaste } from '../dialogs/paste.ts';
import { chordOf } from '../keys/chord.ts';
import type { RunningShell } from '../local-actions.ts';
import { type ChatLine, parseChatLine } from '../state/chat-line.ts';
import { isSecretLine } from '../state/secret-line.ts';
import { NOBODY } from '../state/ui-state.ts';
import { unreadOf } from '../state/unread.ts';
import type { Key, KeyEvent, Paste } from '../terminal/key-event.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { HistorySearch } from '../widgets/history-search.ts';
import { LineEditor, pasteLines } from '../widgets/line-editor.ts';
import { ChatCommands } from './chat-commands.ts';
import { LineCompletion } from './line-completion.ts';
import type { UiContext } from './ui-context.ts';

/** A longer paste should be a file. */
const PASTE_CHARACTERS_MAX = 64 * 1024;

/** What people press to leave or to get help, wherever they are. */
const KEYS_OF_PANES: Readonly<Record<string, string>> = { q: 'quits', '?': 'helps' };

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
  /** The line that Enter has not sent, since it may have been meant as a key. */
  #askedAbout: string | undefined;
  readonly #commands: ChatCommands;
  readonly completion: LineCompletion;
  #search: HistorySearch | undefined;

  /** `onCompleted`: keys need not wait any longer. */
  constructor(control: UiContext, onCompleted: () => void) {
    this.#control = control;
    this.#commands = new ChatCommands(control, {
      remark: (...those) => this.#remark(...those),
      talkTo: (peer) => this.talkTo(peer),
    });
    this.completion = new LineCompletion(control, {
      editor: () => this.#editor,
      candidates: (request) => this.#commands.candidates(request),
      onCompleted,
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

  /** The search in earlier lines, while it is open. */
  get search(): HistorySearch | undefined {
    return this.#search;
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
    const { candidates } = this.#control.ui();
    this.completion.close();
    const isEnter = event.kind === 'key' && event.name === 'enter' && !event.alt;
    // Enter takes a candidate that was chosen; the next one sends.
    if (isEnter && (candidates?.selected !== undefined || !this.#mayBeSent())) return;
    const effect = this.#editor.apply(event);
    if (effect.kind === 'none') return;
    if (effect.kind === 'submit') this.send(effect.text);
    if (effect.kind === 'submit') this.#askedAbout = undefined;
    this.#control.change({ kind: 'typed' });
  }

  paste(paste: Paste): void {
    const { text, truncated } = paste;
    this.completion.close();
    if (this.#search !== undefined) {
      this.#search.type(text.split('\n', 1)[0] ?? '');
      return this.#control.change({ kind: 'typed' });
    }
    if (truncated || text.length > PASTE_CHARACTERS_MAX) {
      const limit = trusted(`${PASTE_CHARACTERS_MAX / 1024} kB`);
      this.#control.toast(
        'bad',
        safe`The paste is longer than ${limit} and was not inserted. Send it as a file: !upload <path>`,
      );
    } else if (pasteLines(text) > 1) {
      askAboutPaste(this.#control, text, text.startsWith('\n') ? this.#editor.text : '');
    } else {
      this.#insert(text.replace(/\n$/, ''));
    }
  }

  /** The answer to a paste of several lines. */
  pasteAs(text: string, how: 'one' | 'message' | 'lines'): void {
    if (how === 'one') return this.#insert(text.trimEnd());
    if (how === 'message') return this.#insert(text.trimEnd(), { keepNewlines: true });
    const [first = '', ...rest] = text.replace(/\n$/, '').split('\n');
    // Without brackets around a paste, its first line may have been typed before the rest was known to be one.
    const begun = first === '' ? this.#editor.text : '';
    if (begun !== '') this.#editor.setText('');
    for (const line of [begun === '' ? first : begun, ...rest]) this.#say(line);
  }

  /** Ctrl-R. */
  openSearch(): void {
    this.completion.close();
    this.#search = new HistorySearch(this.#editor.history);
    this.#control.change({ kind: 'typed' });
  }

  /** A key while the search is open. False for one that ends it and does what it does without a search. */
  searchKey(event: Key): boolean {
    const search = this.#search;
    if (search === undefined) return false;
    const chord = chordOf(event);
    const isOpen = this.#searched(search, event, chord);
    if (!isOpen) this.#search = undefined;
    if (!isOpen && !['escape', 'ctrl-c', 'ctrl-g'].includes(chord) && search.match !== undefined)
      this.#editor.setText(search.match);
    this.#control.change({ kind: 'typed' });
    return isOpen || ['escape', 'ctrl-c', 'ctrl-g', 'enter', 'tab'].includes(chord);
  }

  /** @returns false for a key that ends the search */
  #searched(search: HistorySearch, event: Key, chord: string): boolean {
    if (event.text !== undefined) search.type(event.text);
    else if (chord === 'backspace' || chord === 'ctrl-h') search.erase();
    else if (chord === 'ctrl-r' || chord === 'up') search.older();
    else if (chord === 'down') search.newer();
    else return false;
    return true;
  }

  markRead(): void {
    const { chatPeer, chat } = this.#control.ui();
    if (chatPeer === undefined || chat.endId !== undefined) return;
    if (unreadOf(this.#control.ui(), this.#control.data()) > 0)
      this.#control.execute({ kind: 'chat.read', peer: chatPeer.id });
  }

  /** Sends a line, or runs the command in it. */
  send(text: string): void {
    if (!isSecretLine(text)) this.#control.local.saveHistory(text);
    this.#control.change({ kind: 'chat-to-end' });
    this.#run(parseChatLine(text));
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
    if (this.#control.ui().chatPeer !== undefined) return !this.#isMeantAsKey();
    if (!(kind === 'say' || kind === 'upload')) return true;
    const isAsked = this.#control.data().status?.phase.kind === 'waiting-to-be-let-in';
    const why = isAsked ? 'You are not accepted yet. Your line is kept.' : 'No peers yet. Your line is kept.';
    this.#control.toast('warn', trusted(why));
    return false;
  }

  /** Asks once about a line that is only a key of the panes; Enter again sends it. */
  #isMeantAsKey(): boolean {
    const text = this.#editor.text.trim();
    const does = KEYS_OF_PANES[text];
    if (does === undefined || this.#askedAbout === text) return false;
    this.#askedAbout = text;
    this.#control.toast(
      'warn',
      trusted(`In the line ${text} is text: Esc first, then ${text} ${does}. Enter sends it.`),
    );
    return true;
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

  #insert(text: string, options: { keepNewlines?: boolean } = {}): void {
    const effect = this.#editor.insert(text, options);
    if (effect.kind === 'changed' && effect.truncated === true)
      this.#control.toast('warn', trusted('The line is full: the end of the paste was cut off.'));
    this.#control.change({ kind: 'typed' });
  }
}
