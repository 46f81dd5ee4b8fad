import { closeDialog } from '../dialogs/dialog.ts';
import { joinRequestIn, openJoinRequest } from '../dialogs/join-request.ts';
import { openPeerCommand, peerCommandIn } from '../dialogs/peer-command.ts';
import { trusted } from '../terminal/sanitize.ts';
import type { ChatControl } from './chat-control.ts';
import type { UiContext } from './ui-context.ts';

/** What the screen does when an update arrives. Nothing here takes keys from a user who is typing. */
export class UpdateReactions {
  readonly #control: UiContext;
  readonly #chat: ChatControl;
  /** Requests that were shown already: after Esc, a request does not open again without the user. */
  #offered: ReadonlySet<number> = new Set();
  /** Ids of commands only grow. */
  #commandOffered = 0;
  /** A client of the chat: not until it was connected, or the user has gone elsewhere. */
  #isSettled = false;
  #hasFailed = false;

  constructor(control: UiContext, chat: ChatControl) {
    this.#control = control;
    this.#chat = chat;
  }

  react(): void {
    this.#chooseConversation();
    this.#letClientWrite();
    this.#closeStaleQuestion();
    this.#askAboutJoinRequest();
    this.#askAboutCommand();
  }

  /**
   * The first peer becomes the peer of the conversation, even if it has disconnected since it wrote, or if it is the only
   * one with a conversation of earlier runs. In the chat, the
   * focus moves to the chat pane if no key has been pressed yet; never on a connector, where text would be a message to
   * programs.
   */
  #chooseConversation(): void {
    const { chatPeer, focusChosen, dialog } = this.#control.ui();
    const rows = this.#control.data().peers?.rows ?? [];
    if (chatPeer !== undefined) {
      const row = rows.find(({ id }) => id === chatPeer.id);
      if (row !== undefined && row.name !== chatPeer.name) this.#chat.talkTo({ id: row.id, name: row.name });
      return;
    }
    const first =
      rows.find(({ state }) => state === 'connected') ??
      rows.find(({ unread }) => unread > 0) ??
      onlyOne(rows.filter(({ hasEarlier }) => hasEarlier === true));
    if (first === undefined) return;
    this.#chat.talkTo({ id: first.id, name: first.name });
    const { editing } = this.#control.ui();
    if (this.#isChat() && !focusChosen && dialog === undefined && !editing)
      this.#control.change({ kind: 'focus', pane: 'chat', editing: false, byUser: false });
  }

  #isChat(): boolean {
    const { attached, isConnector } = this.#control.ui();
    return attached === undefined && !isConnector && this.#control.data().status?.configured === false;
  }

  /**
   * Who calls somebody wants to write: keys are text from the start, so that words that are typed while the connection
   * comes about are not taken for keys. Only while the connection fails they are keys, of which `r` tries again. A server
   * shows what to do first; there the user enters the line.
   */
  #letClientWrite(): void {
    const { phase, role } = this.#control.data().status ?? {};
    if (this.#isSettled || phase === undefined || !this.#isChat()) return;
    const { focusChosen, editing, dialog, filtering } = this.#control.ui();
    this.#isSettled = role !== 'client' || phase.kind === 'connected' || focusChosen;
    if (role !== 'client' || focusChosen || dialog !== undefined || filtering) return;
    // After a failure an attempt is no promise: keys that wait for it would be text and keys in turn.
    this.#hasFailed ||= !['starting', 'connecting', 'waiting-to-be-let-in', 'connected'].includes(phase.kind);
    const isUp =
      phase.kind === 'waiting-to-be-let-in' ||
      phase.kind === 'connected' ||
      (phase.kind === 'connecting' && !this.#hasFailed);
    // What was typed stays where it is.
    if (isUp === editing || (!isUp && !this.#chat.editor.isEmpty)) return;
    if (isUp || phase.kind !== 'starting')
      this.#control.change({ kind: 'focus', pane: 'chat', editing: isUp, byUser: false });
  }

  #closeStaleQuestion(): void {
    const { dialog } = this.#control.ui();
    const status = this.#control.data().status;
    this.#closeStaleCommand();
    const asked = joinRequestIn(dialog);
    if (asked === undefined || status === undefined) return;
    if (status.joinRequests.some(({ id }) => id === asked)) return;
    closeDialog(this.#control);
    this.#control.toast('info', trusted('That connection request is no longer pending.'));
  }

  #closeStaleCommand(): void {
    const { dialog } = this.#control.ui();
    const asked = peerCommandIn(dialog);
    const requests = this.#control.data().status?.exec?.requests ?? [];
    if (asked === undefined || requests.some(({ id }) => id === asked)) return;
    closeDialog(this.#control);
    this.#control.toast('info', trusted('That command is no longer pending.'));
  }

  /** Once for each command, and never over what the user is doing. */
  #askAboutCommand(): void {
    const { dialog, editing, filtering } = this.#control.ui();
    const first = this.#control.data().status?.exec?.requests[0];
    if (first === undefined || first.id <= this.#commandOffered) return;
    if (dialog !== undefined || editing || filtering) return;
    this.#commandOffered = first.id;
    openPeerCommand(this.#control);
  }

  #askAboutJoinRequest(): void {
    const waiting = this.#control.data().status?.joinRequests ?? [];
    const { dialog, editing, filtering } = this.#control.ui();
    const next = waiting.find(({ id }) => !this.#offered.has(id));
    // Forget requests that are no longer pending, so that the set stays small.
    const isFree = dialog === undefined && !editing && !filtering;
    const asked = waiting.filter(({ id }) => this.#offered.has(id) || (isFree && id === next?.id));
    this.#offered = new Set(asked.map(({ id }) => id));
    if (next !== undefined && isFree) openJoinRequest(this.#control, next.id);
  }
}

function onlyOne<T>(rows: readonly T[]): T | undefined {
  return rows.length === 1 ? rows[0] : undefined;
}
