import { definitionOf } from '../dialogs/dialogs.ts';
import type { ActionId } from '../keys/action-id.ts';
import { footerBindings } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { CountingDown, Toast } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { fit, type Line, lineWidth, plain, span } from '../widgets/line.ts';

const TOAST_MARKS: Record<Toast['tone'], string> = { good: '✓', warn: '!', bad: '✕', info: '·' };
const MORE = ' …';
/** Blanks between two keys. */
const GAP = 3;
/** They lead to all other keys, and out: a narrow footer keeps them. */
const KEPT: readonly ActionId[] = ['help', 'quit'];
const KEPT_WRITING: readonly ActionId[] = ['send', 'leave', 'help'];
/** Longer labels appear only in the help. */
const LABEL_WIDTH_MAX = 22;

/** Room for the keys beside a connection request. */
const NEWCOMER_KEYS_WIDTH = 40;

/** Width that keys need beside a toast. */
const KEYS_WIDTH_MIN = 30;

/** The mark before a countdown, and its seconds. */
const COUNTDOWN_WIDTH = 10;

/** The mark before the notice and the key after it. */
const GONE_KEYS_WIDTH = 20;

/** What counts down, the toast, a pending connection request, and the keys that work here, as far as there is room. */
export function footerLine(context: KeyContext, width: number): Line {
  const { pending, toast } = context.ui;
  if (pending !== undefined) return beside(countdownPart(context, pending, width), context, width);
  if (toast === undefined) return keysNow(context, width);
  const { tone, text } = toast;
  return beside(
    [plain(` ${TOAST_MARKS[tone]} `, tone), span(clip(text, width - 4), toneOfText(tone))],
    context,
    width,
  );
}

/** A notice, and the keys if there is room for them. */
function beside(said: Line, context: KeyContext, width: number): Line {
  const rest = width - lineWidth(said) - 2;
  return fit(rest < KEYS_WIDTH_MIN ? said : [...said, plain('  '), ...keysNow(context, rest)], width);
}

function countdownPart({ ui }: KeyContext, { label, secondsLeft }: CountingDown, width: number): Line {
  const keys: Line = ui.editing
    ? [plain('Esc', 'key'), plain(' undo')]
    : [plain('u', 'key'), plain(' undo  '), plain('Enter', 'key'), plain(' now')];
  // A dialog or a filter gets the keys: the countdown goes on, and is seen.
  const shown: Line = ui.dialog === undefined && !ui.filtering ? [plain('  '), ...keys] : [];
  const room = width - lineWidth(shown) - COUNTDOWN_WIDTH;
  return [
    plain(` ${GLYPHS.ignored} `, 'warn'),
    span(safe`${clip(label, room)} in ${secondsLeft} s`, 'warn'),
    ...shown,
  ];
}

function keysNow(context: KeyContext, width: number): Line {
  const { ui } = context;
  if (ui.filtering)
    return keyLine(
      [
        ['type', 'to filter'],
        ['Enter', 'keep'],
        ['Esc', 'show all'],
      ],
      width,
    );
  if (ui.dialog !== undefined) return keyLine(definitionOf(ui.dialog).hints, width);
  if (ui.attached === 'away' || ui.attached === 'silent') {
    const what = ui.attached === 'away' ? 'Connector not reachable' : 'The connector does not answer';
    const said = clip(trusted(`${what}; showing its last state.`), width - GONE_KEYS_WIDTH);
    const leave = [plain(ui.editing ? 'Ctrl-C' : 'q', 'key'), plain(' detach')];
    return fit([plain(' ✕ ', 'bad'), span(said, 'bad'), plain('  '), ...leave], width);
  }
  const text = askedNow(context);
  if (text !== undefined && ui.editing) {
    const asks: Line = [
      span(clip(text, Math.max(width - NEWCOMER_KEYS_WIDTH, Math.floor(width / 2))), 'warn'),
      plain('  '),
      ...[plain('Alt-A', 'key'), plain(' answer'), plain('  ')],
    ];
    const rest = width - lineWidth(asks);
    return fit([...asks, ...paneKeys(context, Math.max(0, rest))], width);
  }
  return paneKeys(context, width);
}

/** Somebody waits for an answer. */
function askedNow({ data }: KeyContext): SafeText | undefined {
  const { joinRequests = [], exec } = data.status ?? {};
  const [joining] = joinRequests;
  if (joining !== undefined) return safe` ? “${joining.name}” from ${joining.address} asks to connect`;
  const command = exec?.requests[0];
  return command && safe` ? ${command.peerName} asks to run: ${command.text}`;
}

function paneKeys(context: KeyContext, width: number): Line {
  const bindings = footerBindings(context);
  const kept = context.ui.editing ? KEPT_WRITING : KEPT;
  return keyLine(
    bindings.map(({ shownKey, label, action, labelNow }) => [
      shownKey,
      action === 'quit' && context.ui.attached !== undefined
        ? 'detach'
        : (labelNow?.(context) ?? shortLabel(label)),
    ]),
    width,
    bindings.map(({ action }) => kept.includes(action)),
  );
}

/** Keys and their labels. Without room for all, the last ones that need not be kept give way, and `…` stands at the end. */
function keyLine(
  entries: readonly (readonly [string, string])[],
  width: number,
  isKept: readonly boolean[] = [],
): Line {
  const shown = entries.map(([key, label], at) => ({ key, label, isKept: isKept[at] === true }));
  const cells = (): number =>
    shown.reduce((sum, { key, label }) => sum + GAP + textWidth(key) + 1 + textWidth(label), 1 - GAP) +
    (shown.length < entries.length ? MORE.length : 0);
  while (shown.length > 0 && cells() > width) {
    const at = shown.findLastIndex((one) => !one.isKept);
    shown.splice(at < 0 ? shown.length - 1 : at, 1);
  }
  const keys = shown.flatMap(({ key, label }, at): Line => {
    const gap = plain(' '.repeat(at === 0 ? 1 : GAP));
    return [gap, plain(key, 'key'), span(trusted(` ${label}`))];
  });
  return fit(shown.length < entries.length ? [...keys, plain(MORE, 'faint')] : keys, width);
}

function shortLabel(label: string): string {
  const beforeComma = label.split(',')[0] ?? label;
  return textWidth(beforeComma) <= LABEL_WIDTH_MAX ? beforeComma : (beforeComma.split(' ')[0] ?? beforeComma);
}

function toneOfText(tone: Toast['tone']): Tone {
  return tone === 'info' ? 'plain' : tone;
}
