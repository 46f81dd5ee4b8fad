/** A peer: in short under the list of peers, and in full in a dialog. */
import type { Retry } from '../../engine/contract/views.ts';
import { CAUSE_WORDS } from '../state/cause-text.ts';
import { daysLeftText, endsSoonText } from '../state/certificate-text.ts';
import {
  ageText,
  clockText,
  clockWithSeconds,
  counted,
  countText,
  dateText,
  millisText,
  rateText,
} from '../state/format.ts';
import type { SafePeerRow, SafeStatus } from '../state/safe-rows.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { fit, type Line, lineWidth, plain, span } from '../widgets/line.ts';
import { FINGERPRINT_WIDTH, LABEL_WIDTH, labelledWords } from './fingerprint.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Of the short form, before the words. */
const CONTEXT_ROWS = 3;
const NO_CERTIFICATE = 'no certificate';

export interface DetailView {
  readonly status: SafeStatus | undefined;
  readonly nowMs: number;
  readonly width: number;
}

/** Lines that the short form takes at most, for any peer. */
export function summaryRows(width: number): number {
  return width >= LABEL_WIDTH + FINGERPRINT_WIDTH ? 7 : 9;
}

export function peerSummary(peer: SafePeerRow, view: DetailView): readonly Line[] {
  const { nowMs, width } = view;
  const name: Line = [plain('─ ', 'faint'), span(peer.name, 'strong'), plain(' ', 'faint')];
  const hint: Line = [plain(' ', 'faint'), plain('v', 'key'), plain(': view ─', 'faint')];
  const dashes = Math.max(0, width - lineWidth(name) - lineWidth(hint));
  const dropped = peer.ignored || peer.ignoredIn + peer.ignoredOut > 0;
  const endsSoon = endsSoonText(peer.certificateEndsAtMs, nowMs);
  const more = [
    ...(endsSoon === undefined ? [] : [endsSoon]),
    ...(dropped ? [safe`ignored: ${ignoredText(peer)}`] : []),
    ...(peer.reason === undefined ? [] : [peer.reason]),
    safe`lag ${lagText(peer, '')}`,
    ...(peer.kind !== 'python' || peer.wireName === peer.name ? [] : [safe`wire name ${peer.wireName}`]),
    ...(dropped ? [] : [trusted('nothing ignored')]),
    ...(peer.forgedIn === undefined ? [] : [forgedText(peer.forgedIn)]),
  ];
  const context = [
    safe`${peer.address} · ${kindText(peer)} · ${sinceText(peer, nowMs)}`,
    more.reduce((all, part) => safe`${all} · ${part}`),
  ];
  return [
    [...name, plain('─'.repeat(dashes), 'faint'), ...hint],
    ...context.map((text): Line => [span(text)]),
    ...proofLines(peer, view),
  ];
}

/** The words to compare, if they prove anything, then one fact a line. The caller wraps long lines. */
export function peerDetail(peer: SafePeerRow, view: DetailView): readonly Line[] {
  const context: readonly (readonly [string, SafeText] | undefined)[] = [
    ['address', peer.address],
    ['program', peer.version === undefined ? kindText(peer) : safe`${kindText(peer)} ${peer.version}`],
    ['state', safe`${trusted(peer.state)} ${sinceText(peer, view.nowMs)}`],
    peer.cause === undefined ? undefined : ['cause', trusted(CAUSE_WORDS[peer.cause])],
    peer.reason === undefined ? undefined : ['reason', peer.reason],
    peer.retry === undefined ? undefined : ['next try', nextTryText(peer.retry)],
    peer.wireName === peer.name ? undefined : ['wire name', peer.wireName],
    ['lag', lagText(peer, peer.ackLagMs === undefined ? ' (of a ping)' : ' (of acks)')],
    ['rate', safe`${rateText(peer.inRate)}/s in, ${rateText(peer.outRate)}/s out`],
    peer.tls === undefined ? undefined : ['TLS', peer.tls],
    admittedBy(peer, view.status),
    ...certificateLines(peer),
    ...validityFacts(peer, view),
    ...lastUseFacts(peer, view),
    ['waiting', safe`${counted(peer.waitingCount, 'message')}`],
    ['ignored', ignoredText(peer)],
    peer.forgedIn === undefined ? undefined : ['forged', forgedText(peer.forgedIn)],
  ];
  const details = context.filter((fact) => fact !== undefined).map(factLine);
  // The certificate proves who it is: there is nothing to compare.
  if (view.status?.security === 'mutual-tls')
    return [...details, ...labelledWords('words there:', peer.words, { width: view.width, without: 'none' })];
  return [...bothWords(peer, view), proofLine(peer, view.status), [], ...details];
}

type Fact = readonly [label: string, text: SafeText];

/** On a server, what lets this client in. */
function admittedBy({ state }: SafePeerRow, status: SafeStatus | undefined): Fact | undefined {
  if (status?.role !== 'server' || state === 'waiting') return undefined;
  if (status.security === 'mutual-tls') return ['admitted', trusted('by its certificate')];
  return [
    'admitted',
    trusted(status.acceptsAll ? 'without a question: this server accepts everyone' : 'by you'),
  ];
}

function certificateLines(peer: SafePeerRow): readonly Fact[] {
  const { fingerprint, certificateIssuer: issuer, certificateStartsAtMs: startMs } = peer;
  return [
    ...(fingerprint === undefined ? [] : [['SHA-256', trusted(fingerprint)] as const]),
    ...(issuer === undefined ? [] : [['issuer', issuer] as const]),
    ...(startMs === undefined ? [] : [['valid from', dateText(startMs)] as const]),
  ];
}

function nextTryText({ attempt, retryAtMs }: Retry): SafeText {
  return safe`${clockWithSeconds(retryAtMs)}, after ${counted(attempt, 'failed attempt')}`;
}

function factLine([label, text]: Fact): Line {
  return [plain(`${label}:`.padEnd(LABEL_WIDTH), 'faint'), span(text)];
}

function proofLine({ words }: SafePeerRow, status: SafeStatus | undefined): Line {
  if (status?.security === 'plain')
    return [plain('Nothing proves its identity: without TLS there are no certificates.', 'warn')];
  return words === undefined
    ? [plain('Nothing proves its identity: a Python client never shows a certificate.', 'warn')]
    : [plain('Compare both with the other screen, where “here” and “there” are swapped.', 'faint')];
}

export function bothWords(peer: SafePeerRow, { status, width }: DetailView): readonly Line[] {
  return [
    ...labelledWords('words there:', peer.words, { width, without: NO_CERTIFICATE }),
    ...labelledWords('words here:', status?.ownWords, { width, without: 'none, without TLS' }),
  ];
}

/** The words to compare; with mutual TLS, what the certificates say. */
function proofLines(peer: SafePeerRow, view: DetailView): readonly Line[] {
  if (view.status?.security !== 'mutual-tls') return bothWords(peer, view);
  const shown = [
    admittedBy(peer, view.status),
    peer.tls === undefined ? undefined : (['TLS', peer.tls] as const),
    ...validityFacts(peer, view),
    ...certificateLines(peer),
  ];
  return shown
    .filter((fact) => fact !== undefined)
    .map((fact) => fit(factLine(fact), view.width))
    .slice(0, summaryRows(view.width) - CONTEXT_ROWS);
}

function kindText({ kind }: SafePeerRow): SafeText {
  return trusted({ aioc: 'aioc', python: 'Python', unknown: 'unknown' }[kind]);
}

/** A time of day within the last 24 hours, else an age. */
export function sinceText({ sinceMs }: Pick<SafePeerRow, 'sinceMs'>, nowMs: number): SafeText {
  return nowMs - sinceMs < DAY_MS ? safe`since ${clockText(sinceMs)}` : safe`for ${ageText(nowMs - sinceMs)}`;
}

/** How long both certificates are still valid; only in mutual TLS. */
function validityFacts(
  { certificateEndsAtMs: itsEnd }: SafePeerRow,
  { status, nowMs }: DetailView,
): readonly (readonly [string, SafeText])[] {
  const ownEnd = status?.ownCertificateEndsAtMs;
  if (itsEnd === undefined && ownEnd === undefined) return [];
  const text = (endMs: number | undefined): SafeText =>
    endMs === undefined ? trusted('unknown') : daysLeftText(endMs - nowMs);
  return [['valid for', safe`${text(itsEnd)} (its certificate), ${text(ownEnd)} (yours)`]];
}

/** Only on a server in mutual TLS, where the client's certificate is its identity. */
function lastUseFacts(
  { state, certificateLastUseMs: atMs }: SafePeerRow,
  { status, nowMs }: DetailView,
): readonly (readonly [string, SafeText])[] {
  if (status?.role !== 'server' || status.security !== 'mutual-tls') return [];
  if (state === 'connected') return [['last use', trusted('now')]];
  if (atMs === undefined) return [['last use', trusted('unknown')]];
  return [['last use', safe`${dateText(atMs)} ${clockText(atMs)}, ${ageText(nowMs - atMs)} ago`]];
}

/** What acks take now, or without any the last ping. */
function lagText({ lagMs, ackLagMs = lagMs }: SafePeerRow, of: string): SafeText {
  return ackLagMs === undefined ? trusted('not measured') : safe`${millisText(ackLagMs)}${trusted(of)}`;
}

/** Frames from this peer that named another peer as their source. */
function forgedText(count: number): SafeText {
  return safe`${counted(count, 'frame')} with a forged source dropped`;
}

function ignoredText({ ignored, ignoredIn, ignoredOut }: SafePeerRow): SafeText {
  const dropped = safe`${countText(ignoredIn)} in, ${countText(ignoredOut)} out dropped`;
  if (ignored) return safe`yes; ${dropped}`;
  return ignoredIn + ignoredOut > 0 ? safe`no longer; ${dropped}` : trusted('no');
}
