import { detailWidth } from '../dialogs/list-dialogs.ts';
import type { SafeText } from '../terminal/sanitize.ts';
import { type Line, span, wrapLine } from '../widgets/line.ts';
import type { UiContext } from './ui-context.ts';

/** Shows texts to be read in a dialog; each is a paragraph. */
export function showDetail(control: UiContext, title: SafeText, texts: readonly SafeText[]): void {
  showLines(
    control,
    title,
    texts.map((text) => [span(text)]),
  );
}

/** The same for lines that have their tones already. Longer ones are wrapped. */
export function showLines(control: UiContext, title: SafeText, lines: readonly Line[]): void {
  const width = detailWidth(control.context());
  const wrapped = lines.flatMap((line) => wrapLine(line, width));
  control.change({ kind: 'dialog', dialog: { kind: 'detail', title, lines: wrapped, top: 0 } });
}
