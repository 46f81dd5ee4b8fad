/** What to do while there are no peers: the first screen after the start. */
import type { SafeStatus } from '../state/safe-rows.ts';
import type { UiState } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth, wrap } from '../terminal/width.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, plain, span } from '../widgets/line.ts';
import { labelledWords } from './fingerprint.ts';
import { fitting, type Section } from './sections.ts';

const DEFAULT_PORT = 10_673;
/** Two labels and two lines of words under each. */
const BOTH_WORDS_ROWS = 6;

interface Box {
  readonly width: number;
  readonly height: number;
}

/** What the user of the other machine types: how this aioc was started, and at which of its addresses it is called. */
export type Calling = Pick<UiState, 'startCommand' | 'addressAt'>;

/** For the peers pane of the chat program, beside the chat: the short form. */
export function firstRun(status: SafeStatus, { width, height }: Box, calling: Calling): readonly Line[] {
  if (isAboutState(status))
    return fitting(stateSections(status, { width, isLow: false, serverWords: undefined }), height);
  const call = command(aiocLine(status, calling), width);
  const sections = [
    { rank: 1, lines: [...block(trusted('No peers yet. On the other machine:'), width), ...call] },
    { rank: 0, lines: ownWords(status, width) },
  ];
  return fitting(sections, height);
}

/** For the chat pane, and for the peers pane of a connector: the long form. `serverWords` are the words of the server that a client connects to. */
export function welcome(
  status: SafeStatus,
  { width, height }: Box,
  { serverWords, calling }: { readonly serverWords?: SafeText | undefined; readonly calling: Calling },
): readonly Line[] {
  const files: Section = {
    rank: 9,
    lines: block(safe`Received files go to ${status.receivedDirectory}`, width, { tone: 'faint' }),
  };
  const sections = isAboutState(status)
    ? stateSections(status, { width, isLow: height < BOTH_WORDS_ROWS, serverWords })
    : status.configured
      ? configuredSections(status, width, calling)
      : serverSections(status, width, calling);
  return fitting([...sections, files], height);
}

/** True while the state matters more than how to connect: on a client, and on a server that does not listen. */
function isAboutState({ role, phase }: SafeStatus): boolean {
  return role === 'client' || phase.kind === 'failed' || phase.kind === 'stopped';
}

/** For a conversation without messages. */
export function emptyConversation(
  peer: SafeText,
  status: SafeStatus | undefined,
  { width, height }: Box,
): readonly Line[] {
  const hints = [
    ...block(trusted('!upload <file or directory> sends it'), width),
    ...block(trusted('!import <name>, !zimport <name> copy or unzip a received file here'), width),
    ...block(trusted('!<command> runs in your local shell; only you see its output'), width),
    ...(status === undefined ? [] : block(safe`Received files go to ${status.receivedDirectory}`, width)),
  ];
  const title = block(safe`No messages with ${peer} yet.`, width, { tone: 'strong' });
  return fitting(
    [
      { rank: 0, lines: title },
      { rank: 1, lines: hints.map((line) => line.map((part) => ({ ...part, tone: 'faint' }))) },
    ],
    height,
  );
}

function serverSections(status: SafeStatus, width: number, calling: Calling): readonly Section[] {
  const letIn = status.acceptsAll
    ? 'Every client is accepted without asking.'
    : 'New clients must be accepted here first.';
  const title = block(trusted('No peers yet. On the other machine, run one of these:'), width, {
    tone: 'strong',
  });
  return [
    { rank: 3, lines: title },
    {
      rank: 2,
      lines: [...command(aiocLine(status, calling), width), ...command(pythonLine(status, calling), width)],
    },
    { rank: 5, lines: otherAddresses(status, calling, width) },
    { rank: 4, lines: block(trusted(letIn), width, status.acceptsAll ? { tone: 'warn' } : {}) },
    { rank: 0, lines: ownWords(status, width) },
  ];
}

/** For a server with a configuration file: what a client's configuration needs, and how to start the client. */
function configuredSections(status: SafeStatus, width: number, calling: Calling): readonly Section[] {
  const title = 'No clients yet. A client’s configuration file needs:';
  const certificates =
    'Or invite it with :invite (aioc invite); aioc join then writes all of this on its machine. Without an invitation, copy certificates/client of this server into its certificates_directory_path.';
  const others = 'All keys, with their defaults: aioc print_config_templates';
  return [
    { rank: 2, lines: block(trusted(title), width, { tone: 'strong' }) },
    { rank: 0, lines: clientKeys(status, width, calling) },
    { rank: 6, lines: otherAddresses(status, calling, width) },
    { rank: 3, lines: status.security === 'mutual-tls' ? block(trusted(certificates), width) : [] },
    {
      rank: 4,
      lines: [
        ...block(trusted('Then start the client:'), width),
        ...command(trusted('aioc client.json'), width),
      ],
    },
    { rank: 5, lines: block(trusted(others), width, { tone: 'faint' }) },
  ];
}

/** The keys of a client's configuration that must match this server's. */
function clientKeys(status: SafeStatus, width: number, calling: Calling): readonly Line[] {
  const address = addressOf(status, calling);
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

/** The state of a client's connection, or why a server does not listen. */
function stateSections(status: SafeStatus, { width, isLow, serverWords }: StateView): readonly Section[] {
  const { phase, address } = status;
  const reason = phase.reason ?? trusted('no reason given');
  const said = (text: SafeText, tone: Tone): Section => ({ rank: 1, lines: block(text, width, { tone }) });
  const hint = (rank: number, text: string): Section => ({ rank, lines: block(trusted(text), width) });
  const own: Section = { rank: 0, lines: ownWords(status, width) };
  const asking: Section = {
    rank: 2,
    lines: status.asksForCertificate
      ? block(trusted('This client has no certificate yet: it requests one from the server.'), width)
      : [],
  };
  switch (phase.kind) {
    case 'starting':
    case 'connecting':
      return [said(safe`… connecting to ${address}`, 'info'), asking, own];
    case 'stopped':
      return [
        said(trusted('○ Connector stopped.'), 'warn'),
        { rank: 0, lines: keyHints([['r', 'start']], width) },
      ];
    case 'waiting-to-be-let-in':
      if (status.configured) return [said(safe`… ${address} answered.`, 'info'), asking, own];
      return [
        said(safe`… ${address} answered. Waiting to be accepted.`, 'info'),
        hint(2, 'Its user must accept you. Compare the words on both screens:'),
        { rank: 0, lines: [...theirWords(serverWords, { width, isLow }), ...ownWords(status, width, isLow)] },
      ];
    case 'retrying':
      return [
        said(safe`○ ${address}: ${reason}`, 'warn'),
        { rank: 2, lines: keyHints([['r', 'retry now (aioc also retries automatically)']], width) },
        asking,
        hint(3, 'Is aioc running there? Are address and port right, and is the port open?'),
        own,
      ];
    case 'refused':
      return [
        said(refusalText(status, reason), 'bad'),
        { rank: 2, lines: keyHints([['r', 'ask again (aioc does not retry automatically)']], width) },
        own,
      ];
    case 'failed':
      return [
        { ...said(safe`✕ ${reason}`, 'bad'), rank: 0 },
        {
          rank: 0,
          lines: [...keyHint('r', trusted('retry'), width), ...keyHint('q', trusted('quit'), width)],
        },
      ];
    default:
      return [said(safe`${address}: no peers yet.`, 'plain'), own];
  }
}

/** With another certificate than the known one, it was this side that refused. */
function refusalText({ address, phase }: SafeStatus, reason: SafeText): SafeText {
  return phase.cause === 'certificate'
    ? safe`✕ ${reason}`
    : safe`✕ ${address} refused the connection: ${reason}`;
}

function keyHints(hints: readonly (readonly [key: string, text: string])[], width: number): readonly Line[] {
  return hints.flatMap(([key, text]) => keyHint(key, trusted(text), width));
}

function keyHint(key: string, text: SafeText, width: number): readonly Line[] {
  return wrap(text, width - 2).map(
    (line, index): Line => [index === 0 ? plain(key, 'key') : plain(' '), plain(' '), span(line)],
  );
}

function aiocLine(status: SafeStatus, calling: Calling): SafeText {
  return safe`${calling.startCommand} --target ${addressOf(status, calling)}${portOption(status)}`;
}

function pythonLine(status: SafeStatus, calling: Calling): SafeText {
  return safe`python3 -m aioconnectors chat --target ${addressOf(status, calling)}${portOption(status)}`;
}

function addressOf({ ownAddresses }: SafeStatus, { addressAt }: Calling): SafeText {
  return ownAddresses[addressAt % ownAddresses.length] ?? trusted('<address of this machine>');
}

/** The key that shows the next one, and which that is. */
function otherAddresses(
  { ownAddresses }: SafeStatus,
  { addressAt }: Calling,
  width: number,
): readonly Line[] {
  const count = ownAddresses.length;
  const next = ownAddresses[(addressAt + 1) % count];
  if (count < 2 || next === undefined) return [];
  const place = trusted(`${(addressAt % count) + 1} of ${count}`);
  return keyHint('A', safe`if it cannot be reached there (${place} addresses): try ${next}`, width);
}

/** A text to type elsewhere: on one line if it fits. */
function command(text: SafeText, width: number): readonly Line[] {
  return block(text, width, { tone: 'key', indent: textWidth(text) + 2 <= width ? 2 : 0 });
}

function portOption({ port }: SafeStatus): SafeText {
  return port === DEFAULT_PORT ? trusted('') : safe` --port ${trusted(String(port))}`;
}

function ownWords(status: SafeStatus, width: number, isLow = false): readonly Line[] {
  // With mutual TLS the certificates prove the identities: there is nothing to compare.
  if (status.security === 'mutual-tls') return [];
  if (status.ownWords === undefined)
    return block(trusted('No TLS: nothing is encrypted.'), width, { tone: 'warn' });
  const short = isLow ? { short: 'own' } : {};
  return labelledWords('words here:', status.ownWords, { width, without: '', ...short });
}

function theirWords(
  fingerprint: SafeText | undefined,
  { width, isLow }: Pick<StateView, 'width' | 'isLow'>,
): readonly Line[] {
  if (fingerprint === undefined) return [];
  return labelledWords('words there:', fingerprint, {
    width,
    without: '',
    ...(isLow ? { short: 'its' } : {}),
  });
}

function block(
  text: SafeText,
  width: number,
  look: { readonly tone?: Tone; readonly indent?: number } = {},
): readonly Line[] {
  const { tone = 'plain', indent = 0 } = look;
  return wrap(text, width - indent).map((line) => [plain(' '.repeat(indent)), span(line, tone)]);
}
