/** The dialogs that ask: who may come in, whether to quit, what to do with a paste. The harmless answer has the focus. */
import type { Size } from '../host.ts';
import { clockText, counted } from '../state/format.ts';
import type { EngineData, SafeNewcomer } from '../state/safe-rows.ts';
import type { Dialog } from '../state/ui-state.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { clip, textWidth, wrap } from '../terminal/width.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, span, words } from '../widgets/line.ts';
import { centred, choices, type DialogContent, dialogWidth, type Overlay } from './dialog-box.ts';

const TEXT_WIDTH = 66;
const COUNTDOWN_STEP_MS = 10_000;
/** More lines than this are a document, not a conversation. */
export const PASTE_LINES_MAX = 100;

type Of<Kind extends Dialog['kind']> = Extract<Dialog, { kind: Kind }>;

interface Ground {
  readonly data: EngineData;
  readonly size: Size;
  readonly nowMs: number;
}

export function newcomerDialog(dialog: Of<'newcomer'>, ground: Ground): Overlay | undefined {
  const { data, size, nowMs } = ground;
  const newcomers = data.status?.newcomers ?? [];
  const index = newcomers.findIndex(({ id }) => id === dialog.newcomer);
  const newcomer = newcomers[index];
  if (newcomer === undefined) return undefined;
  const width = dialogWidth(size, TEXT_WIDTH);
  const gap: readonly Line[] = size.rows < 14 ? [] : [[]];
  const about: readonly Line[] = [
    ...paragraph(
      safe`“${newcomer.name}” from ${newcomer.address} at ${clockText(newcomer.askedAtMs)}`,
      width,
      'strong',
    ).slice(0, 2),
    ...(newcomer.warning === undefined ? [] : paragraph(safe`! ${newcomer.warning}`, width, 'bad')),
    ...gap,
    ...wordsToCompare(newcomer, data, width),
    ...gap,
  ];
  const answers = choices(
    [
      ['refuse', 'Refuse'],
      ['accept', 'Accept'],
    ],
    dialog.choice,
  );
  // The answers are always in sight, whatever a newcomer calls itself.
  const lines = [...about.slice(0, size.rows - 3), answers];
  const of = newcomers.length > 1 ? safe`${index + 1} of ${newcomers.length} · ` : trusted('');
  return centred(
    {
      title: trusted('Somebody wants in'),
      lines,
      width,
      border: 'warn',
      note: [span(safe`${of}${leftText(newcomer.expiresAtMs - nowMs)}`, 'faint')],
    },
    size,
  );
}

function wordsToCompare(newcomer: SafeNewcomer, data: EngineData, width: number): readonly Line[] {
  const own = data.status?.ownWords;
  const its = newcomer.words;
  if (its === undefined) {
    return paragraph(
      trusted(
        'It shows no certificate (Python’s chat never does), so nothing proves who it is: ask the person.',
      ),
      width,
      'warn',
    );
  }
  return [
    ...labelled('its words:   ', its, width),
    ...(own === undefined ? [] : labelled('your words:  ', own, width)),
    ...paragraph(trusted('Compare both with the other screen before you accept.'), width, 'plain'),
  ];
}

/** Words that are to be compared are never cut: they go to a line of their own first. */
function labelled(label: string, text: SafeText, width: number): readonly Line[] {
  if (textWidth(label) + textWidth(text) <= width) return [[words(label), span(text, 'strong')]];
  return [[words(label)], ...paragraph(text, width, 'strong')];
}

/** In steps of ten seconds, so that the screen stays still while the user reads. */
function leftText(leftMs: number): SafeText {
  const steps = Math.max(0, Math.ceil(leftMs / COUNTDOWN_STEP_MS));
  return steps === 0 ? trusted('about to expire') : safe`${(steps * COUNTDOWN_STEP_MS) / 1000} s left`;
}

export function quitDialog(dialog: Of<'quit'>, { data, size }: Ground): Overlay {
  const { status } = data;
  const width = dialogWidth(size, 58);
  const peers = status?.peersConnected ?? 0;
  const stops: readonly SafeText[] = [
    peers > 0 ? safe`The connection to ${counted(peers, 'peer')} ends.` : trusted('Nobody is connected.'),
    ...((status?.transfersInFlight ?? 0) > 0
      ? [safe`${counted(status?.transfersInFlight ?? 0, 'transfer')} will be cut off.`]
      : []),
    ...((status?.waitingCount ?? 0) > 0
      ? [safe`${counted(status?.waitingCount ?? 0, 'message')} have not left yet.`]
      : []),
  ];
  const lines: Line[] = [
    ...stops.flatMap((text, index) => paragraph(text, width, index === 0 ? 'plain' : 'warn')),
    [],
    choices(
      [
        ['cancel', 'Cancel'],
        ['quit', 'Quit'],
      ],
      dialog.choice,
    ),
  ];
  return centred({ title: trusted('Quit aioc?'), lines, width }, size);
}

export function confirmDialog(dialog: Of<'confirm'>, { size }: Ground): Overlay {
  const width = dialogWidth(size, 58);
  const lines: Line[] = [
    ...dialog.lines.flatMap((text) => paragraph(text, width, 'plain')),
    [],
    choices(
      [
        ['cancel', 'Cancel'],
        ['yes', dialog.yes],
      ],
      dialog.choice,
    ),
  ];
  return centred({ title: dialog.title, lines, width, border: 'warn' }, size);
}

export function pasteDialog(dialog: Of<'paste'>, { size }: Ground): Overlay {
  const width = dialogWidth(size, 58);
  const first = dialog.text.split('\n', 1)[0] ?? '';
  const canSplit = dialog.lineCount <= PASTE_LINES_MAX;
  const content: DialogContent = {
    title: safe`Paste of ${counted(dialog.lineCount, 'line')}`,
    width,
    lines: [
      [words('begins '), span(clip(sanitize(first.slice(0, 200)), width - 7), 'faint')],
      ...(canSplit
        ? []
        : paragraph(safe`More than ${PASTE_LINES_MAX} lines go better as a file: !upload`, width, 'warn')),
      [],
      choices(pasteChoices(dialog), dialog.choice),
    ],
  };
  return centred(content, size);
}

/** The answers that a paste allows. */
export function pasteChoices(dialog: Of<'paste'>): readonly (readonly [Of<'paste'>['choice'], string])[] {
  const both = [
    ['cancel', 'Cancel'],
    ['one', 'As one line'],
  ] as const;
  return dialog.lineCount <= PASTE_LINES_MAX ? [...both, ['lines', `Send ${dialog.lineCount} lines`]] : both;
}

function paragraph(text: SafeText, width: number, tone: Tone): readonly Line[] {
  return wrap(text, width).map((line) => [span(line, tone)]);
}
