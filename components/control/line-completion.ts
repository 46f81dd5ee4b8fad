import type { HostTimer } from '../host.ts';
import { type CompletionRequest, complete, completionRequest, withChoice } from '../state/completion.ts';
import type { OpenCandidates } from '../state/ui-state.ts';
import { sanitize, trusted } from '../terminal/sanitize.ts';
import type { LineEditor } from '../widgets/line-editor.ts';
import type { UiContext } from './ui-context.ts';

/** Keys wait this long for a completion, which may come from a connector or a slow disk. */
const COMPLETION_TIMEOUT_MS = 1_000;

export interface CompletedLine {
  readonly editor: () => LineEditor;
  readonly candidates: (request: CompletionRequest) => Promise<readonly string[]>;
  /** Keys need not wait any longer. */
  readonly onCompleted: () => void;
}

/** Tab in a line that starts with `!`: what is clear is filled in; several candidates open a list. */
export class LineCompletion {
  readonly #control: UiContext;
  readonly #line: CompletedLine;
  /** Runs while keys wait. */
  #wait: HostTimer | undefined;

  constructor(control: UiContext, line: CompletedLine) {
    this.#control = control;
    this.#line = line;
  }

  get isWaiting(): boolean {
    return this.#wait !== undefined;
  }

  /** Ends the wait; a completion that comes later changes only a line that is still the same. */
  stop(): void {
    if (this.#wait === undefined) return;
    this.#wait.cancel();
    this.#wait = undefined;
    this.#line.onCompleted();
  }

  /** Tab (1) or Shift-Tab (-1): asks for candidates, or goes to the next one of the open list. */
  next(step: 1 | -1): void {
    const open = this.#control.ui().candidates;
    if (open !== undefined) return this.#choose(open, step);
    const editor = this.#line.editor();
    const line = editor.textBeforeCursor;
    const request = completionRequest(line);
    if (request === undefined) return;
    this.stop();
    const wait = this.#control.host.clock.after(COMPLETION_TIMEOUT_MS, () => this.stop());
    this.#wait = wait;
    void this.#line
      .candidates(request)
      .then(
        (candidates) => this.#filledIn(line, request, candidates),
        () => this.#control.toast('bad', trusted('The connector did not answer.')),
      )
      .then(() => {
        if (this.#wait === wait) this.stop();
      });
  }

  /** Closes the list, and keeps what it has put into the line. */
  close(): void {
    if (this.#control.ui().candidates !== undefined)
      this.#control.change({ kind: 'candidates', candidates: undefined });
  }

  /** Closes the list; the line is as before Tab. */
  takeBack(): void {
    const open = this.#control.ui().candidates;
    if (open !== undefined) this.#line.editor().replaceBefore(open.line);
    this.close();
  }

  #choose(open: OpenCandidates, step: 1 | -1): void {
    const { names, selected, line, request } = open;
    const first = step > 0 ? 0 : names.length - 1;
    const next = selected === undefined ? first : (selected + step + names.length) % names.length;
    this.#line.editor().replaceBefore(withChoice(line, request, names[next] ?? '', names));
    this.#control.change({ kind: 'candidates', candidates: { ...open, selected: next } });
  }

  #filledIn(line: string, request: CompletionRequest, candidates: readonly string[]): void {
    const editor = this.#line.editor();
    // The user has changed the line meanwhile: this completion is out of date.
    if (editor.textBeforeCursor !== line) return;
    const { line: completed, choices } = complete(line, request, candidates);
    if (completed !== line) editor.replaceBefore(completed);
    else if (choices.length === 0) this.#control.toast('info', trusted('No completion found.'));
    if (choices.length === 0) return this.#control.change({ kind: 'typed' });
    const shown = choices.map((name) => sanitize(lastPart(name)));
    this.#control.change({ kind: 'candidates', candidates: { line, request, names: choices, shown } });
  }
}

/** Of a path, its last name, with the slash of a directory. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/', name.length - 2) + 1);
}
