/** The dialogs that ask: who may come in, whether to quit, what to do with a paste. The harmless answer has the focus. */
import type { Size } from '../host.ts';
import { isUnderWay } from '../keys/key-context.ts';
import { labelledWords } from '../panes/fingerprint.ts';
import { fitting } from '../panes/sections.ts';
import { clockText, counted } from '../state/format.ts';
import type { EngineData, SafeJoinRequest } from '../state/safe-rows.ts';
import type { Dialog } from '../state/ui-state.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';
import { clip, wrap } from '../terminal/width.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, plain, span } from '../widgets/line.ts';
import { centred, choices, type DialogContent, dialogWidth, type Overlay } from './dialog-box.ts';

const TEXT_WIDTH = 66;
const NAMED_TRANSFERS_MAX = 3;
const COUNTDOWN_STEP_MS = 10_000;
/** More lines than this are a document, not a conversation. */
const PASTE_LINES_MAX = 100;

type QuestionDialog<Kind extends Dialog['kind']> = Extract<Dialog, { kind: Kind }>;

export interface DialogAppearance {
  readonly data: EngineData;
  readonly size: Size;
  readonly nowMs: number;
}

export function newcomerDialog(
  dialog: QuestionDialog<'join-request'>,
  ground: DialogAppearance,
): Overlay | undefined {
  const { data, size, nowMs } = ground;
  const joinRequests = data.status?.joinRequests ?? [];
  const index = joinRequests.findIndex(({ id }) => id === dialog.joinRequest);
  const joinRequest = joinRequests[index];
  if (joinRequest === undefined) return undefined;
  const width = dialogWidth(size, TEXT_WIDTH);
  const answers = choices(
    [
      ['refuse', 'Refuse'],
      ['accept', 'Accept'],
    ],
    dialog.choice,
  );
  // The answers are always in sight, whatever a newcomer calls itself.
  const room = size.rows - 3;
  const about = newcomerFacts(joinRequest, ground, { width, room });
  const top = Math.min(dialog.top, Math.max(0, about.length - room));
  const of = joinRequests.length > 1 ? safe`${index + 1} of ${joinRequests.length} · ` : trusted('');
  return centred(
    {
      title: trusted('Somebody wants in'),
      lines: [
        ...about.slice(top, top + room),
        about.length > room ? [...answers, plain('PgDn: more', 'key')] : answers,
      ],
      width,
      border: 'warn',
      note: [span(safe`${of}${leftText(joinRequest.expiresAtMs - nowMs)}`, 'faint')],
    },
    size,
  );
}

/** Lines by which the question can be scrolled on this screen. */
export function joinRequestScroll(joinRequest: SafeJoinRequest, ground: DialogAppearance): number {
  const room = ground.size.rows - 3;
  const width = dialogWidth(ground.size, TEXT_WIDTH);
  return Math.max(0, newcomerFacts(joinRequest, ground, { width, room }).length - room);
}

/** Who it is and what to compare, always whole; blank lines and the hint only where there is room for them. */
function newcomerFacts(
  joinRequest: SafeJoinRequest,
  { data }: DialogAppearance,
  { width, room }: { readonly width: number; readonly room: number },
): readonly Line[] {
  const who = safe`“${joinRequest.name}” from ${joinRequest.address} at ${clockText(joinRequest.askedAtMs)}`;
  const sections = [
    {
      rank: 0,
      lines: [
        ...paragraph(who, width, 'strong').slice(0, 2),
        ...(joinRequest.warning === undefined ? [] : paragraph(safe`! ${joinRequest.warning}`, width, 'bad')),
      ],
    },
    { rank: 0, lines: wordsToCompare(joinRequest, data, width) },
    ...(joinRequest.words === undefined
      ? []
      : [
          {
            rank: 1,
            lines: paragraph(
              trusted('Compare both with the other screen before you accept.'),
              width,
              'plain',
            ),
          },
        ]),
  ];
  const context = fitting(sections, room);
  return context.length < room ? [...context, []] : context;
}

function wordsToCompare(joinRequest: SafeJoinRequest, data: EngineData, width: number): readonly Line[] {
  const own = data.status?.ownWords;
  if (joinRequest.words === undefined) {
    const why =
      'It shows no certificate (Python’s chat never does), so nothing proves who it is: ask the person.';
    return paragraph(trusted(why), width, 'warn');
  }
  return [
    ...labelledWords('its words:', joinRequest.words, { width, without: '' }),
    ...(own === undefined ? [] : labelledWords('your words:', own, { width, without: '' })),
  ];
}

/** In steps of ten seconds, so that the screen stays still while the user reads. */
function leftText(leftMs: number): SafeText {
  const steps = Math.max(0, Math.ceil(leftMs / COUNTDOWN_STEP_MS));
  return steps === 0 ? trusted('about to expire') : safe`${(steps * COUNTDOWN_STEP_MS) / 1000} s left`;
}

export function quitDialog(
  dialog: QuestionDialog<'quit'>,
  ground: DialogAppearance,
  isAttached: boolean,
): Overlay {
  const { size } = ground;
  const width = dialogWidth(size, 58);
  const texts = isAttached ? DETACHING : stopsWithUs(ground);
  const leave = isAttached ? 'Detach' : 'Quit';
  const lines: Line[] = [
    ...texts.flatMap((text, index) => paragraph(text, width, index === 0 ? 'plain' : 'warn')),
    [],
    choices(
      [
        ['cancel', 'Cancel'],
        ['quit', leave],
      ],
      dialog.choice,
    ),
  ];
  return centred({ title: trusted(isAttached ? 'Detach?' : 'Quit aioc?'), lines, width }, size);
}

const DETACHING = [
  trusted('The connector goes on without this screen.'),
  trusted('What is being written here, and a command that runs here, is lost.'),
];

function stopsWithUs({ data }: DialogAppearance): readonly SafeText[] {
  const { status } = data;
  const { peersConnected: peers = 0, waitingCount = 0, storedCount: stored = 0 } = status ?? {};
  const unstored = waitingCount - stored;
  return [
    peers > 0 ? safe`The connection to ${counted(peers, 'peer')} ends.` : trusted('Nobody is connected.'),
    ...transfersText(data),
    ...(unstored > 0 ? [waitingText(unstored)] : []),
    ...(stored > 0 ? [safe`${counted(stored, 'message')} on the disk will go out later.`] : []),
  ];
}

function waitingText(count: number): SafeText {
  return safe`${counted(count, 'message')} ${trusted(count === 1 ? 'has' : 'have')} not left yet.`;
}

/** Names the transfers of the conversation that is shown; those of others are only counted. */
function transfersText({ status, chat }: EngineData): readonly SafeText[] {
  const count = status?.transfersInFlight ?? 0;
  if (count === 0) return [];
  const names = (chat?.rows ?? []).filter(isUnderWay).map(({ text, transfer }) => {
    const { doneBytes = 0, totalBytes = 0 } = transfer ?? {};
    return totalBytes > 0 ? safe`${text} (${Math.floor((doneBytes / totalBytes) * 100)} %)` : text;
  });
  const named = names.slice(-NAMED_TRANSFERS_MAX);
  const others = Math.max(0, count - named.length);
  if (named.length === 0) return [safe`${counted(count, 'transfer')} will be cut off.`];
  const list = named.reduce((all, name) => safe`${all}, ${name}`);
  const more = others === 0 ? trusted('') : safe` and ${counted(others, 'other transfer')}`;
  return [safe`${list}${more} will be cut off.`];
}

export function confirmDialog(dialog: QuestionDialog<'confirm'>, { size }: DialogAppearance): Overlay {
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

/** Like `confirmDialog`, with a line in which the name of what is lost is to be typed. */
export function typedConfirmDialog(dialog: QuestionDialog<'certain'>, { size }: DialogAppearance): Overlay {
  const width = dialogWidth(size, 58);
  const text = [...dialog.lines, safe`Type ${dialog.expected} to confirm.`].flatMap((one) =>
    paragraph(one, width, 'plain'),
  );
  const lines: Line[] = [
    ...text,
    [plain('› ', 'focus')],
    [],
    choices(
      [
        ['cancel', 'Cancel'],
        ['yes', dialog.yes],
      ],
      dialog.choice,
    ),
  ];
  const prompt = { row: text.length, column: 2, width: width - 2 };
  return centred({ title: dialog.title, lines, width, border: 'warn', prompt }, size);
}

export function pasteDialog(dialog: QuestionDialog<'paste'>, { size }: DialogAppearance): Overlay {
  const width = dialogWidth(size, 58);
  const first = dialog.text.split('\n', 1)[0] ?? '';
  const canSplit = dialog.lineCount <= PASTE_LINES_MAX;
  const content: DialogContent = {
    title: safe`Paste of ${counted(dialog.lineCount, 'line')}`,
    width,
    lines: [
      [plain('begins '), span(clip(sanitize(first.slice(0, 200)), width - 7), 'faint')],
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
export function pasteChoices(
  dialog: QuestionDialog<'paste'>,
): readonly (readonly [QuestionDialog<'paste'>['choice'], string])[] {
  const both = [
    ['cancel', 'Cancel'],
    ['one', 'As one line'],
  ] as const;
  return dialog.lineCount <= PASTE_LINES_MAX ? [...both, ['lines', `Send ${dialog.lineCount} lines`]] : both;
}

function paragraph(text: SafeText, width: number, tone: Tone): readonly Line[] {
  return wrap(text, width).map((line) => [span(line, tone)]);
}
