/** What to do while there is nobody to talk to: the most important screen of a program that has just been started. */
import type { SafeStatus } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth, wrap } from '../terminal/width.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, span, words } from '../widgets/line.ts';

const DEFAULT_PORT = 10_673;
const OTHER_ADDRESSES_SHOWN = 3;

interface Box {
  readonly width: number;
  readonly height: number;
}

/** For the peers pane: the least that is needed. */
export function firstRun(status: SafeStatus, box: Box): readonly Line[] {
  if (status.role === 'client') return fitting(clientState(status, box.width), box.height);
  const [address] = status.ownAddresses;
  const lines: Line[] = [
    ...block(trusted('Nobody yet. On the other machine:'), box.width),
    ...(address === undefined ? [] : command(aiocLine(status, address), box.width)),
    [],
    ...ownWords(status, box.width),
  ];
  return fitting(lines, box.height);
}

/** For the chat pane: the same with everything that helps. */
export function welcome(status: SafeStatus, box: Box): readonly Line[] {
  if (status.role === 'client') {
    const received = block(safe`Received files go to ${status.receivedDirectory}`, box.width, {
      tone: 'faint',
    });
    return fitting([...clientState(status, box.width), [], ...received], box.height);
  }
  const { width } = box;
  const [address, ...others] = status.ownAddresses;
  const first = address ?? trusted('<address of this machine>');
  const also = others.slice(0, OTHER_ADDRESSES_SHOWN).reduce((all, one) => safe`${all}  ${one}`, trusted(''));
  const letIn = status.acceptsAll
    ? 'Everybody who connects is let in, without asking.'
    : 'Whoever connects is shown here first, and waits until you say yes.';
  return fitting(
    [
      ...block(trusted('Nobody is here yet. On the other machine, start one of these:'), width, {
        tone: 'strong',
      }),
      [],
      ...command(aiocLine(status, first), width),
      ...command(pythonLine(status, first), width),
      ...(also === '' ? [] : block(safe`This machine is also${also}`, width, { tone: 'faint' })),
      [],
      ...block(trusted(letIn), width),
      ...ownWords(status, width),
      [],
      ...block(safe`Received files go to ${status.receivedDirectory}`, width, { tone: 'faint' }),
    ],
    box.height,
  );
}

/** For a conversation in which nothing has been said. */
export function emptyConversation(peer: SafeText, status: SafeStatus | undefined, box: Box): readonly Line[] {
  const { width } = box;
  const files =
    status === undefined ? [] : block(safe`Received files go to ${status.receivedDirectory}`, width);
  const lines: Line[] = [
    ...block(safe`Nothing has been said with ${peer} yet.`, width, { tone: 'strong' }),
    [],
    ...block(trusted('!upload <file or directory> sends it'), width),
    ...block(trusted('!import <name>, !zimport <name> copy or unzip a received file to here'), width),
    ...block(trusted('!<command> runs in the shell of this machine, and only you see it'), width),
    ...files,
  ];
  return fitting(
    lines.map((line) => line.map((part) => (part.tone === 'plain' ? { ...part, tone: 'faint' } : part))),
    box.height,
  );
}

function clientState(status: SafeStatus, width: number): Line[] {
  const { phase, address } = status;
  const reason = phase.reason ?? trusted('no reason given');
  switch (phase.kind) {
    case 'starting':
    case 'connecting':
      return block(safe`… calling ${address}`, width, { tone: 'info' });
    case 'waiting-to-be-let-in':
      return [
        ...block(safe`… ${address} answers. Waiting to be let in.`, width, { tone: 'info' }),
        ...block(
          trusted('Its user is being asked, and compares these words with what is shown there:'),
          width,
        ),
        ...ownWords(status, width),
      ];
    case 'retrying':
      return [
        ...block(safe`○ ${address}: ${reason}`, width, { tone: 'warn' }),
        ...block(trusted('Trying again by itself; r tries at once.'), width),
        ...block(
          trusted('Is aioc running there? Is it the right address and port, and is the port open?'),
          width,
        ),
        ...ownWords(status, width),
      ];
    case 'refused':
      return [
        ...block(safe`✕ ${address} did not let this side in: ${reason}`, width, { tone: 'bad' }),
        ...block(trusted('Nothing more happens by itself; r asks again.'), width),
        ...ownWords(status, width),
      ];
    case 'failed':
      return [
        ...block(safe`✕ ${reason}`, width, { tone: 'bad' }),
        ...block(trusted('r tries again.'), width),
      ];
    default:
      return block(safe`${address}: nobody is here yet.`, width);
  }
}

function aiocLine(status: SafeStatus, address: SafeText): SafeText {
  return safe`aioc --target ${address}${portOption(status)}`;
}

function pythonLine(status: SafeStatus, address: SafeText): SafeText {
  return safe`python3 -m aioconnectors chat --target ${address}${portOption(status)}`;
}

/** Something to be typed elsewhere: in one line as long as it fits. */
function command(text: SafeText, width: number): Line[] {
  return block(text, width, { tone: 'key', indent: textWidth(text) + 2 <= width ? 2 : 0 });
}

function portOption({ port }: SafeStatus): SafeText {
  return port === DEFAULT_PORT ? trusted('') : safe` --port ${trusted(String(port))}`;
}

function ownWords(status: SafeStatus, width: number): Line[] {
  if (status.ownWords === undefined)
    return block(trusted('Without TLS: nothing is encrypted.'), width, { tone: 'warn' });
  const label = 'This side: ';
  if (label.length + textWidth(status.ownWords) > width)
    return [[words(label.trimEnd())], ...block(status.ownWords, width, { tone: 'strong', indent: 2 })];
  return [[words(label), span(status.ownWords, 'strong')]];
}

function block(text: SafeText, width: number, look: { tone?: Tone; indent?: number } = {}): Line[] {
  const { tone = 'plain', indent = 0 } = look;
  return wrap(text, width - indent).map((line) => [words(' '.repeat(indent)), span(line, tone)]);
}

/** Blank lines are the first to go when there are too few rows. */
function fitting(lines: readonly Line[], height: number): readonly Line[] {
  if (lines.length <= height) return lines;
  return lines.filter((line) => line.length > 0).slice(0, height);
}
