import { definitionOf } from '../dialogs/dialogs.ts';
import { footerBindings } from '../keys/dispatcher.ts';
import type { KeyContext } from '../keys/key-context.ts';
import type { Toast } from '../state/ui-state.ts';
import { safe, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth } from '../terminal/width.ts';
import type { Tone } from '../themes/tokens.ts';
import { fit, type Line, lineWidth, plain, span } from '../widgets/line.ts';

const TOAST_MARKS: Record<Toast['tone'], string> = { good: '✓', warn: '!', bad: '✕', info: '·' };
/** Longer labels appear only in the help. */
const LABEL_WIDTH_MAX = 22;

/** Width that keys need beside a toast. */
const KEYS_WIDTH_MIN = 30;

/** The mark before the notice and the key after it. */
const GONE_KEYS_WIDTH = 20;

/** The toast, a pending connection request, or the keys that work here. */
export function footerLine(context: KeyContext, width: number): Line {
  const { toast } = context.ui;
  if (toast === undefined) return keysNow(context, width);
  const { tone, text } = toast;
  const said: Line = [plain(` ${TOAST_MARKS[tone]} `, tone), span(clip(text, width - 4), toneOfText(tone))];
  const rest = width - lineWidth(said) - 2;
  return fit(rest < KEYS_WIDTH_MIN ? said : [...said, plain('  '), ...keysNow(context, rest)], width);
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
  if (ui.attached === 'away') {
    const said = clip(trusted('Connector not reachable; showing its last state.'), width - GONE_KEYS_WIDTH);
    const leave = [plain(ui.editing ? 'Ctrl-C' : 'q', 'key'), plain(' detach')];
    return fit([plain(' ✕ ', 'bad'), span(said, 'bad'), plain('  '), ...leave], width);
  }
  const waiting = context.data.status?.joinRequests[0];
  if (waiting !== undefined && ui.editing) {
    const text = safe` ? “${waiting.name}” from ${waiting.address} asks to connect`;
    return fit(
      [span(clip(text, width - 18), 'warn'), plain('  '), plain('Alt-A', 'key'), plain(' answer')],
      width,
    );
  }
  return keyLine(
    footerBindings(context).map(({ shownKey, label, action }) => [
      shownKey,
      action === 'quit' && ui.attached !== undefined ? 'detach' : shortLabel(label),
    ]),
    width,
  );
}

/** Keys and their labels, as many as fit. */
function keyLine(entries: readonly (readonly [string, string])[], width: number): Line {
  const line: ReturnType<typeof plain>[] = [plain(' ')];
  let used = 1;
  for (const [key, label] of entries) {
    const gap = used === 1 ? 0 : 3;
    const cells = gap + textWidth(key) + 1 + textWidth(label);
    if (used + cells > width) break;
    line.push(plain(' '.repeat(gap)), plain(key, 'key'), span(trusted(` ${label}`)));
    used += cells;
  }
  return fit(line, width);
}

function shortLabel(label: string): string {
  const beforeComma = label.split(',')[0] ?? label;
  return textWidth(beforeComma) <= LABEL_WIDTH_MAX ? beforeComma : (beforeComma.split(' ')[0] ?? beforeComma);
}

function toneOfText(tone: Toast['tone']): Tone {
  return tone === 'info' ? 'plain' : tone;
}
