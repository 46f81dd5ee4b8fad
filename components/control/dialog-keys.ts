/** What keys do while a dialog has them. Every dialog closes with Esc, and none does anything that Esc confirms. */

import { detailRows } from '../dialogs/list-dialogs.ts';
import { joinRequestScroll, pasteChoices } from '../dialogs/question-dialogs.ts';
import type { ActionId } from '../keys/binding.ts';
import { chordOf } from '../keys/chord.ts';
import { attempt, paletteEntries } from '../keys/dispatcher.ts';
import { helpEntries } from '../keys/key-list.ts';
import { type Dialog, hasPrompt } from '../state/ui-state.ts';
import type { Key, KeyEvent } from '../terminal/key-event.ts';
import { safe, sanitize, trusted } from '../terminal/sanitize.ts';
import type { ChatControl } from './chat-control.ts';
import { openJoinRequest } from './run-action.ts';
import { showDetail } from './show-detail.ts';
import type { UiContext } from './ui-context.ts';

export interface DialogContext {
  readonly control: UiContext;
  readonly chat: ChatControl;
  run(action: ActionId): void;
}

export function dialogKey(event: KeyEvent, dialog: Dialog, context: DialogContext): void {
  if (event.kind === 'paste') return pasteIntoPrompt(event.text, dialog, context);
  if (event.name === 'escape') return close(context);
  switch (dialog.kind) {
    case 'join-request':
      return joinRequestKey(event, dialog, context);
    case 'quit':
      return quitKey(event, dialog, context);
    case 'confirm':
      return confirmKey(event, dialog, context);
    case 'certain':
      return certainKey(event, dialog, context);
    case 'paste':
      return pasteKey(event, dialog, context);
    case 'detail':
      return detailKey(event, dialog, context);
    case 'help':
    case 'palette':
      return listKey(event, dialog, context);
  }
}

type DialogWithKeys<Kind extends Dialog['kind']> = Extract<Dialog, { kind: Kind }>;

function close({ control }: DialogContext): void {
  control.change({ kind: 'dialog', dialog: undefined });
}

function show({ control }: DialogContext, dialog: Dialog): void {
  control.change({ kind: 'dialog', dialog });
}

/** The choice after a key that moves between choices; undefined for another key. */
function movedChoice<Choice extends string>(
  key: Key,
  order: readonly Choice[],
  chosen: Choice,
): Choice | undefined {
  const chord = chordOf(key);
  const at = order.indexOf(chosen);
  if (chord === 'left' || chord === 'h' || chord === 'up') return order[Math.max(0, at - 1)];
  if (chord === 'right' || chord === 'l' || chord === 'down')
    return order[Math.min(order.length - 1, at + 1)];
  if (chord === 'tab') return order[(at + 1) % order.length];
  if (chord === 'shift-tab') return order[(at + order.length - 1) % order.length];
  return undefined;
}

function joinRequestKey(key: Key, dialog: DialogWithKeys<'join-request'>, context: DialogContext): void {
  // The letters only choose: letting somebody in takes a second key.
  const letter = { a: 'accept', r: 'refuse' }[chordOf(key)] as typeof dialog.choice | undefined;
  const choice = letter ?? movedChoice(key, ['refuse', 'accept'] as const, dialog.choice);
  if (choice !== undefined) return show(context, { ...dialog, choice });
  const { control } = context;
  const waiting = control.data().status?.joinRequests ?? [];
  const joinRequest = waiting.find(({ id }) => id === dialog.joinRequest);
  const step = { pagedown: 3, pageup: -3 }[key.name];
  if (step !== undefined && joinRequest !== undefined) {
    const { size, nowMs } = control.ui();
    const last = joinRequestScroll(joinRequest, { data: control.data(), size, nowMs });
    return show(context, { ...dialog, top: Math.max(0, Math.min(last, dialog.top + step)) });
  }
  if (key.name !== 'enter') return;
  close(context);
  if (joinRequest === undefined) return;
  const isLetIn = dialog.choice === 'accept';
  control.execute(
    { kind: isLetIn ? 'newcomer.accept' : 'newcomer.refuse', joinRequest: joinRequest.id },
    {
      onOk: () =>
        isLetIn
          ? control.toast('good', safe`${joinRequest.name} is let in.`)
          : control.toast('info', safe`${joinRequest.name} is refused.`),
    },
  );
  const next = waiting.find(({ id }) => id !== dialog.joinRequest);
  if (next !== undefined) openJoinRequest(control, next.id);
}

function quitKey(key: Key, dialog: DialogWithKeys<'quit'>, context: DialogContext): void {
  const choice = movedChoice(key, ['cancel', 'quit'] as const, dialog.choice);
  if (choice !== undefined) return show(context, { ...dialog, choice });
  if (key.name !== 'enter') return;
  close(context);
  if (dialog.choice === 'quit') context.control.host.quit(0);
}

function confirmKey(key: Key, dialog: DialogWithKeys<'confirm'>, context: DialogContext): void {
  const choice = movedChoice(key, ['cancel', 'yes'] as const, dialog.choice);
  if (choice !== undefined) return show(context, { ...dialog, choice });
  if (key.name !== 'enter') return;
  close(context);
  if (dialog.choice === 'cancel') return;
  context.control.execute(dialog.command, { onOk: () => context.control.toast('warn', dialog.done) });
}

/** Letters and the arrows along the line are the prompt's; the answer is chosen with the others. */
function certainKey(key: Key, dialog: DialogWithKeys<'certain'>, context: DialogContext): void {
  const { control } = context;
  if (['tab', 'up', 'down'].includes(key.name))
    return show(context, { ...dialog, choice: dialog.choice === 'cancel' ? 'yes' : 'cancel' });
  if (key.name !== 'enter') {
    control.prompt.press(key);
    return;
  }
  if (dialog.choice === 'cancel') return close(context);
  if (dialog.typed.trim() !== dialog.expected)
    return control.toast('warn', safe`Nothing is done before ${dialog.expected} is typed.`);
  close(context);
  control.execute(dialog.command, {
    onOk: (value) => {
      const answer = sanitize(typeof value === 'string' ? value : 'done');
      // Whoever asks something meanwhile must not be pushed away; the log has the rest.
      if (control.ui().dialog === undefined) showDetail(control, dialog.done, [answer]);
      else control.toast('good', dialog.done);
    },
  });
}

function pasteKey(key: Key, dialog: DialogWithKeys<'paste'>, context: DialogContext): void {
  const order = pasteChoices(dialog).map(([id]) => id);
  const choice = movedChoice(key, order, dialog.choice);
  if (choice !== undefined) return show(context, { ...dialog, choice });
  if (key.name !== 'enter') return;
  close(context);
  if (dialog.choice !== 'cancel') context.chat.pasteAs(dialog.text, dialog.choice);
}

function detailKey(key: Key, dialog: DialogWithKeys<'detail'>, context: DialogContext): void {
  const rows = detailRows(context.control.context());
  const steps: Record<string, number> = {
    j: 1,
    down: 1,
    k: -1,
    up: -1,
    pagedown: rows - 1,
    pageup: 1 - rows,
    home: Number.NEGATIVE_INFINITY,
    g: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
    G: Number.POSITIVE_INFINITY,
  };
  const chord = chordOf(key);
  if (chord === 'q' || chord === 'enter') return close(context);
  const step = steps[chord];
  if (step === undefined) return;
  const top = Math.max(0, Math.min(dialog.top + step, dialog.lines.length - rows));
  show(context, { ...dialog, top });
}

function listKey(
  key: Key,
  dialog: DialogWithKeys<'help'> | DialogWithKeys<'palette'>,
  context: DialogContext,
): void {
  const { control, run } = context;
  const keyContext = control.context();
  const typed = dialog.kind === 'help' ? dialog.filter : dialog.text;
  const entries =
    dialog.kind === 'help'
      ? helpEntries(keyContext, typed)
      : paletteEntries(typed).map((binding) => ({ binding }));
  const steps: Record<string, number> = { down: 1, up: -1, pagedown: 8, pageup: -8 };
  const step = steps[key.name];
  if (step !== undefined) {
    const selected = Math.max(0, Math.min(entries.length - 1, dialog.selected + step));
    return show(context, { ...dialog, selected });
  }
  const chosen = entries[dialog.selected]?.binding;
  if (key.name === 'tab' && dialog.kind === 'palette' && chosen?.command !== undefined) {
    return control.prompt.open(chosen.command);
  }
  if (key.name === 'enter') {
    close(context);
    if (chosen === undefined) return control.toast('warn', trusted('There is no such command.'));
    const result = chosen.applies?.(keyContext) === false ? undefined : attempt(chosen, keyContext);
    if (result?.kind === 'action') return run(result.action);
    const reason = result?.kind === 'refused' ? result.reason : 'That key means nothing here and now.';
    return control.toast('warn', trusted(reason));
  }
  if (key.text === '?' && typed === '') return close(context);
  control.prompt.press(key);
}

function pasteIntoPrompt(text: string, dialog: Dialog, context: DialogContext): void {
  if (!hasPrompt(dialog)) return;
  context.control.prompt.insert(firstLine(text));
}

/** What of a paste can go into one line. */
export function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 1000);
}
