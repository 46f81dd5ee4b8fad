/** What to do while there is nobody to talk to: the most important screen of a program that has just been started. */
import type { SafeStatus } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth, wrap } from '../terminal/width.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, plain, span } from '../widgets/line.ts';
import { labelledWords } from './fingerprint.ts';
import { fitting, type Section } from './sections.ts';

const DEFAULT_PORT = 10_673;
const OTHER_ADDRESSES_SHOWN = 3;
/** Two labels and two lines of words under each. */
const BOTH_WORDS_ROWS = 6;

interface Box {
  readonly width: number;
  readonly height: number;
}

/** For the peers pane of a server: the least that is needed. */
export function firstRun(status: SafeStatus, { width, height }: Box): readonly Line[] {
  if (isAboutState(status))
    return fitting(stateSections(status, { width, isLow: false, serverWords: undefined }), height);
  if (status.configured) {
    const title = { rank: 1, lines: block(trusted('Nobody yet. A client’s configuration has:'), width) };
    return fitting([title, { rank: 0, lines: clientKeys(status, width) }], height);
  }
  const [address] = status.ownAddresses;
  const call = address === undefined ? [] : command(aiocLine(status, address), width);
  const sections = [
    { rank: 1, lines: [...block(trusted('Nobody yet. On the other side:'), width), ...call] },
    { rank: 0, lines: ownWords(status, width) },
  ];
  return fitting(sections, height);
}

/** For the chat pane: the same with everything that helps. `serverWords`: those of the server that is called. */
export function welcome(
  status: SafeStatus,
  { width, height }: Box,
  serverWords: SafeText | undefined,
): readonly Line[] {
  const files: Section = {
    rank: 9,
    lines: block(safe`Received files go to ${status.receivedDirectory}`, width, { tone: 'faint' }),
  };
  const sections = isAboutState(status)
    ? stateSections(status, { width, isLow: height < BOTH_WORDS_ROWS, serverWords })
    : status.configured
      ? configuredSections(status, width)
      : serverSections(status, width);
  return fitting([...sections, files], height);
}

/** A client's call, and a server that does not listen, have more to say than whom to call. */
function isAboutState({ role, phase }: SafeStatus): boolean {
  return role === 'client' || phase.kind === 'failed' || phase.kind === 'stopped';
}

/** For a conversation in which nothing has been said. */
export function emptyConversation(
  peer: SafeText,
  status: SafeStatus | undefined,
  { width, height }: Box,
): readonly Line[] {
  const hints = [
    ...block(trusted('!upload <file or directory> sends it'), width),
    ...block(trusted('!import <name>, !zimport <name> copy or unzip a received file to here'), width),
    ...block(trusted('!<command> runs in the shell of this machine, and only you see it'), width),
    ...(status === undefined ? [] : block(safe`Received files go to ${status.receivedDirectory}`, width)),
  ];
  const title = block(safe`Nothing has been said with ${peer} yet.`, width, { tone: 'strong' });
  return fitting(
    [
      { rank: 0, lines: title },
      { rank: 1, lines: hints.map((line) => line.map((part) => ({ ...part, tone: 'faint' }))) },
    ],
    height,
  );
}

function serverSections(status: SafeStatus, width: number): readonly Section[] {
  const [address, ...others] = status.ownAddresses;
  const first = address ?? trusted('<address of this machine>');
  const also = others.slice(0, OTHER_ADDRESSES_SHOWN).reduce((all, one) => safe`${all}  ${one}`, trusted(''));
  const letIn = status.acceptsAll
    ? 'Everybody who connects is let in, without asking.'
    : 'Whoever connects is shown here first and waits for your yes.';
  const title = block(trusted('Nobody is here yet. On the other machine, start one of these:'), width, {
    tone: 'strong',
  });
  return [
    { rank: 3, lines: title },
    {
      rank: 2,
      lines: [...command(aiocLine(status, first), width), ...command(pythonLine(status, first), width)],
    },
    { rank: 5, lines: also === '' ? [] : block(safe`This machine is also${also}`, width, { tone: 'faint' }) },
    { rank: 4, lines: block(trusted(letIn), width, status.acceptsAll ? { tone: 'warn' } : {}) },
    { rank: 0, lines: ownWords(status, width) },
  ];
}

/** For a server with a configuration file: what that of a client needs, and how the client is started. */
function configuredSections(status: SafeStatus, width: number): readonly Section[] {
  const title = 'No client is here yet. On its machine, its configuration file needs:';
  const certificates =
    'Its certificates_directory_path needs a copy of certificates/client from this side’s. With that it asks for a certificate of its own when it calls.';
  const others = 'All keys, with their defaults: aioc print_config_templates';
  return [
    { rank: 2, lines: block(trusted(title), width, { tone: 'strong' }) },
    { rank: 0, lines: clientKeys(status, width) },
    { rank: 3, lines: status.security === 'mutual-tls' ? block(trusted(certificates), width) : [] },
    { rank: 4, lines: block(trusted('Then start it there:'), width) },
    { rank: 4, lines: command(trusted('aioc client.json'), width) },
    { rank: 5, lines: block(trusted(others), width, { tone: 'faint' }) },
  ];
}

/** The keys of a client's configuration that must fit this server's. */
function clientKeys(status: SafeStatus, width: number): readonly Line[] {
  const address = status.ownAddresses[0] ?? trusted('<address of this machine>');
  const security = {
    plain: ['"use_ssl": false,'],
    'tls-allow-all': ['"ssl_allow_all": true,'],
    'mutual-tls': [],
  }[status.security];
  const lines = [
    safe`"server_sockaddr": ["${address}", ${trusted(String(status.port))}],`,
    trusted('"is_server": false,'),
    ...security.map(trusted),
    trusted('"client_name": "client1"'),
  ];
  return lines.flatMap((text) => command(text, width));
}

interface StateView {
  readonly width: number;
  /** Too low for both fingerprints with a line for each label. */
  readonly isLow: boolean;
  readonly serverWords: SafeText | undefined;
}

/** How a client's call goes, or why a server does not listen. */
function stateSections(status: SafeStatus, { width, isLow, serverWords }: StateView): readonly Section[] {
  const { phase, address } = status;
  const reason = phase.reason ?? trusted('no reason given');
  const said = (text: SafeText, tone: Tone): Section => ({ rank: 1, lines: block(text, width, { tone }) });
  const hint = (rank: number, text: string): Section => ({ rank, lines: block(trusted(text), width) });
  const own: Section = { rank: 0, lines: ownWords(status, width) };
  const asking: Section = {
    rank: 2,
    lines: status.asksForCertificate
      ? block(trusted('This side has no certificate of its own yet: it asks the server for one.'), width)
      : [],
  };
  switch (phase.kind) {
    case 'starting':
    case 'connecting':
      return [said(safe`… calling ${address}`, 'info'), asking, own];
    case 'stopped':
      return [
        said(trusted('○ The connector is stopped.'), 'warn'),
        { rank: 0, lines: keyHints([['r', 'starts it again']], width) },
      ];
    case 'waiting-to-be-let-in':
      if (status.configured) return [said(safe`… ${address} answers.`, 'info'), asking, own];
      return [
        said(safe`… ${address} answers. Waiting to be let in.`, 'info'),
        hint(2, 'Its user is being asked. Compare the words on both screens:'),
        { rank: 0, lines: [...theirWords(serverWords, { width, isLow }), ...ownWords(status, width, isLow)] },
      ];
    case 'retrying':
      return [
        said(safe`○ ${address}: ${reason}`, 'warn'),
        { rank: 2, lines: keyHints([['r', 'tries at once; it tries again by itself']], width) },
        asking,
        hint(3, 'Is aioc running there? Is it the right address and port, and is the port open?'),
        own,
      ];
    case 'refused':
      return [
        said(safe`✕ ${address} did not let this side in: ${reason}`, 'bad'),
        { rank: 2, lines: keyHints([['r', 'asks again; nothing more happens by itself']], width) },
        own,
      ];
    case 'failed':
      return [
        { ...said(safe`✕ ${reason}`, 'bad'), rank: 0 },
        {
          rank: 0,
          lines: keyHints(
            [
              ['r', 'try again'],
              ['q', 'quit'],
            ],
            width,
          ),
        },
      ];
    default:
      return [said(safe`${address}: nobody is here yet.`, 'plain'), own];
  }
}

function keyHints(hints: readonly (readonly [key: string, text: string])[], width: number): readonly Line[] {
  return hints.flatMap(([key, text]) =>
    wrap(trusted(text), width - 2).map(
      (line, index): Line => [index === 0 ? plain(key, 'key') : plain(' '), plain(' '), span(line)],
    ),
  );
}

function aiocLine(status: SafeStatus, address: SafeText): SafeText {
  return safe`aioc --target ${address}${portOption(status)}`;
}

function pythonLine(status: SafeStatus, address: SafeText): SafeText {
  return safe`python3 -m aioconnectors chat --target ${address}${portOption(status)}`;
}

/** Something to be typed elsewhere: in one line as long as it fits. */
function command(text: SafeText, width: number): readonly Line[] {
  return block(text, width, { tone: 'key', indent: textWidth(text) + 2 <= width ? 2 : 0 });
}

function portOption({ port }: SafeStatus): SafeText {
  return port === DEFAULT_PORT ? trusted('') : safe` --port ${trusted(String(port))}`;
}

function ownWords(status: SafeStatus, width: number, isLow = false): readonly Line[] {
  // In mutual TLS the certificates directories say who is who, and nothing has to be compared.
  if (status.security === 'mutual-tls') return [];
  if (status.ownWords === undefined)
    return block(trusted('Without TLS: nothing is encrypted.'), width, { tone: 'warn' });
  const short = isLow ? { short: 'own' } : {};
  return labelledWords('your words:', status.ownWords, { width, without: '', ...short });
}

function theirWords(
  fingerprint: SafeText | undefined,
  { width, isLow }: Pick<StateView, 'width' | 'isLow'>,
): readonly Line[] {
  if (fingerprint === undefined) return [];
  return labelledWords('its words:', fingerprint, { width, without: '', ...(isLow ? { short: 'its' } : {}) });
}

function block(
  text: SafeText,
  width: number,
  look: { readonly tone?: Tone; readonly indent?: number } = {},
): readonly Line[] {
  const { tone = 'plain', indent = 0 } = look;
  return wrap(text, width - indent).map((line) => [plain(' '.repeat(indent)), span(line, tone)]);
}
