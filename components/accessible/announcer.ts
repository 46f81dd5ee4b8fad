/** Says what has changed on the screen, as lines for a screen reader. */
import type { Snapshot } from '../control/ui-controller.ts';
import { hasPrompt } from '../dialogs/dialogs.ts';
import type { HostClock, HostTimer } from '../host.ts';
import { countText } from '../state/format.ts';
import type { UiState } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { chatChanges, newLogRows, peerChanges, queueChanges } from './changes.ts';
import { type Readable, readDialog, readHeader, readKeys, readPane, readSelected } from './read-out.ts';

/** Rows of the log are told at most this often, and no more of them at once. */
const LOG_EVERY_MS = 2_000;
const LOG_ROWS_MAX = 3;
const TOAST_WORDS = { good: '', info: '', warn: 'warning: ', bad: 'failed: ' } as const;

export interface AnnouncerOptions {
  readonly clock: HostClock;
  /** Called with the lines of one change together. */
  readonly say: (texts: readonly SafeText[]) => void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  #before: Snapshot | undefined;
  #dialogLines: readonly SafeText[] = [];
  #toldLogId: number | undefined;
  #logPause: HostTimer | undefined;
  #isGreeted = false;
  readonly #lines: SafeText[] = [];

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#logPause?.cancel();
  }

  /** Tells what differs from the snapshot before. */
  next(now: Snapshot, readable: Readable): void {
    const before = this.#before;
    this.#before = now;
    if (before === undefined) return;
    if (this.#isGreeted) this.#tellChanges(before, now, readable);
    else this.#greet(now, readable);
    this.#tellDialog(before.ui, now.ui, readable);
    this.#tellNotices(before.ui, now.ui);
    this.#flush();
  }

  #tellChanges(before: Snapshot, now: Snapshot, readable: Readable): void {
    this.#say(
      ...this.#connection(before, now, readable),
      ...peerChanges(before.data, now.data, now.ui.chatPeer?.id),
      ...queueChanges(before.data, now.data),
      ...chatChanges(before.data, now.data),
      ...requests(before, now),
    );
    this.#tellLog(now, readable);
    this.#tellFocus(before.ui, now.ui, readable);
  }

  /** Once the first data are there: how the connector is, and what the first pane says. */
  #greet({ data, ui }: Snapshot, readable: Readable): void {
    if (data.status === undefined || data.peers === undefined) return;
    this.#isGreeted = true;
    this.#say(readHeader(readable), ...readPane(ui.focus, readable), ...queueChanges({}, data));
    this.#say(trusted('R reads this pane, W all of it, also with Alt. ? or F1: the keys.'));
  }

  #connection(before: Snapshot, now: Snapshot, readable: Readable): readonly SafeText[] {
    const [old, status] = [before.data.status, now.data.status];
    const isOther =
      old !== undefined &&
      (old.phase.kind !== status?.phase.kind ||
        old.phase.reason !== status.phase.reason ||
        (old.disk !== undefined && old.disk.state !== status.disk?.state));
    if (!isOther && before.ui.attached === now.ui.attached) return [];
    const reason = status?.phase.reason;
    return [readHeader(readable), ...(isOther && reason !== undefined ? [reason] : [])];
  }

  /** A busy log is counted; each of its rows would be too much. */
  #tellLog({ data, ui }: Snapshot, readable: Readable): void {
    const last = data.log?.rows.at(-1)?.id;
    if (this.#toldLogId === undefined || last === undefined) {
      this.#toldLogId = last;
      return;
    }
    const isFollowed = ui.log.endId === undefined && ui.log.filter === '' && ui.frozenLogId === undefined;
    if (!isFollowed || this.#logPause !== undefined) return;
    const rows = newLogRows(data, this.#toldLogId, ui.isConnector);
    this.#toldLogId = Math.max(this.#toldLogId, last);
    if (rows.length === 0) return;
    const lines = readPane('log', readable).slice(-rows.length).slice(-LOG_ROWS_MAX);
    const more = rows.length - lines.length;
    if (more > 0) this.#say(safe`${countText(more)} new rows in the log, then:`);
    this.#say(...lines);
    this.#logPause = this.#options.clock.after(LOG_EVERY_MS, () => {
      this.#logPause = undefined;
      if (this.#before !== undefined) this.#tellLog(this.#before, readable);
      this.#flush();
    });
  }

  #tellFocus(before: UiState, now: UiState, readable: Readable): void {
    const { focus } = now;
    const isFiltered = before.filtering && !now.filtering;
    const isOther =
      isFiltered || before.focus !== focus || before.zoom !== now.zoom || view(before) !== view(now);
    const selected = readSelected(focus, readable);
    if (isOther && !now.filtering) {
      const [title] = readPane(focus, readable);
      if (title !== undefined) this.#say(title);
      if (selected !== undefined && !now.editing) this.#say(selected);
    } else if (cursor(before) !== cursor(now) && selected !== undefined) this.#say(selected);
    if (now.editing && !before.editing) {
      const whom = now.chatPeer === undefined ? trusted('') : safe` to ${now.chatPeer.name}`;
      this.#say(safe`Write${whom}. Enter sends, Esc stops.`);
    }
    if (before.editing && !now.editing) this.#say(trusted('Stopped writing.'));
  }

  #tellDialog(before: UiState, now: UiState, readable: Readable): void {
    const lines = readDialog(readable);
    const told = this.#dialogLines;
    this.#dialogLines = lines;
    if (now.dialog === undefined) {
      if (before.dialog !== undefined) this.#say(trusted('Closed.'));
      return;
    }
    const isChosen = (line: SafeText): boolean => line.startsWith('selected: ');
    if (before.dialog?.kind !== now.dialog.kind) {
      const isList = hasPrompt(now.dialog) && lines.some(isChosen);
      const shown = isList ? lines.filter((line, index) => index === 0 || isChosen(line)) : lines;
      return this.#say(...shown, readKeys(readable));
    }
    const fresh = lines.filter((line) => !told.includes(line));
    const chosen = fresh.filter(isChosen);
    if (chosen.length > 0) this.#say(...chosen);
    else if (!hasPrompt(now.dialog)) this.#say(...fresh);
  }

  #tellNotices(before: UiState, now: UiState): void {
    const { toast, pending } = now;
    if (toast !== undefined && toast !== before.toast)
      this.#say(safe`${trusted(TOAST_WORDS[toast.tone])}${toast.text}`);
    if (pending !== undefined && before.pending === undefined)
      this.#say(safe`${pending.label} in ${pending.secondsLeft} s. u or Esc undoes it, Enter does it now.`);
  }

  #say(...texts: readonly SafeText[]): void {
    this.#lines.push(...texts.filter((text) => text !== ''));
  }

  #flush(): void {
    this.#options.say(this.#lines.splice(0));
  }
}

/** Requests that have come while no dialog could open for them. */
function requests(before: Snapshot, now: Snapshot): readonly SafeText[] {
  const known = new Set(before.data.status?.joinRequests.map(({ id }) => id));
  const fresh = (now.data.status?.joinRequests ?? []).filter(({ id }) => !known.has(id));
  const isAsked = now.ui.dialog !== undefined && before.ui.dialog?.kind !== now.ui.dialog.kind;
  return isAsked
    ? []
    : fresh.map(({ name, address }) => safe`${name} from ${address} asks to connect. Alt-A answers.`);
}

/** The order and the filter of the pane with the focus. */
function view(ui: UiState): string {
  const { filter, ...pane } = ui[ui.focus];
  return JSON.stringify([filter, 'sort' in pane ? [pane.sort, pane.descending] : ui.frozenLogId]);
}

/** The row with the cursor in the pane with the focus. */
function cursor(ui: UiState): string {
  const pane = ui[ui.focus];
  return String(
    'selected' in pane ? (pane.selected.id ?? pane.selected.index) : [pane.selectedId, pane.edge],
  );
}
