import { CAUSE_WORDS } from '../state/cause-text.ts';
import { endsSoonText } from '../state/certificate-text.ts';
import {
  ageText,
  bytesText,
  clockText,
  counted,
  countText,
  durationText,
  rateText,
  shortCount,
} from '../state/format.ts';
import type { SafeStatus } from '../state/safe-rows.ts';
import type { Attached } from '../state/ui-state.ts';
import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { textWidth } from '../terminal/width.ts';
import { GLYPHS } from '../themes/glyphs.ts';
import type { Tone } from '../themes/tokens.ts';
import { type Line, lineWidth, plain, span, spread } from '../widgets/line.ts';

interface Part {
  readonly line: Line;
  /** When there is no room, the part with the highest rank is left out first. */
  readonly rank: number;
}

interface HeaderView {
  readonly nowMs: number;
  readonly width: number;
  readonly attached: Attached | undefined;
  /** While the connector does not answer. */
  readonly silentSinceMs?: number | undefined;
  /** Before the engine is there: it makes the user's key. */
  readonly isMakingKey?: boolean | undefined;
}

/** Below this width the header uses short forms. */
const COMPACT_WIDTH = 100;
/** The program's name, the mark of its state and the clock. */
const BESIDE_WAITING_WIDTH = 17;

/** The first line of the screen: the state of the connector. */
export function headerLine(status: SafeStatus | undefined, view: HeaderView): Line {
  const { nowMs, width, attached } = view;
  const clock: Line = [plain('  '), span(clockText(nowMs), 'strong'), plain(' ')];
  const name: Line = [plain(' aioc', 'strong')];
  const isGone = attached === 'away' || attached === 'silent';
  if (status === undefined && !isGone) {
    const what = view.isMakingKey === true ? '  starting: making a key …' : '  starting …';
    return spread([...name, plain(what, 'faint')], clock, width);
  }
  const isCompact = width < COMPACT_WIDTH;
  const parts =
    isGone || status === undefined
      ? partsOfAway(status, { ...view, isCompact })
      : partsOf(status, { ...view, isCompact });
  const room = width - lineWidth(clock) - lineWidth(name);
  const kept = [...parts];
  while (kept.length > 0 && widthOf(kept) > room) {
    const worst = Math.max(...kept.map(({ rank }) => rank));
    kept.splice(
      kept.findIndex(({ rank }) => rank === worst),
      1,
    );
  }
  return spread([...name, ...kept.flatMap(({ line }) => [plain(' '), ...line])], clock, width);
}

function widthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { line }) => sum + 1 + lineWidth(line), 0);
}

/** For a connector that is not reachable or does not answer: only what cannot have changed. */
function partsOfAway(
  status: SafeStatus | undefined,
  { isCompact, nowMs, silentSinceMs }: HeaderView & { readonly isCompact: boolean },
): readonly Part[] {
  const words =
    silentSinceMs === undefined
      ? trusted(`${isCompact ? '' : 'connector '}not reachable, waiting`)
      : safe`not answering for ${durationText(Math.max(1, (nowMs - silentSinceMs) / 1000))}`;
  const gone: Part = { rank: 1, line: [span(safe`· ${words}`, 'bad')] };
  const mark: Part = { rank: 0, line: [plain(GLYPHS.refused, 'bad')] };
  if (status === undefined) return [mark, gone];
  return [
    mark,
    { rank: 3, line: [plain(status.role)] },
    { rank: 6, line: [addressOf(status, isCompact)] },
    gone,
  ];
}

/** Of a server's address, peers mainly need the port. */
function addressOf({ role, port, address }: SafeStatus, isCompact: boolean): Line[number] {
  return span(isCompact && role === 'server' ? safe`:${trusted(String(port))}` : address);
}

function partsOf(
  status: SafeStatus,
  { nowMs, width, isCompact, attached }: HeaderView & { readonly isCompact: boolean },
): readonly Part[] {
  const { glyph, word, tone } = phaseMark(status);
  const security = { plain: 'no TLS', 'tls-allow-all': 'TLS', 'mutual-tls': 'mutual TLS' }[status.security];
  const [down, up] = [trusted(GLYPHS.down), trusted(GLYPHS.up)];
  const rates = isCompact
    ? safe` ${down}${rateText(status.inRate)} ${up}${rateText(status.outRate)}`
    : safe` ${down} ${rateText(status.inRate)}/s ${up} ${rateText(status.outRate)}/s`;
  const attempt = status.phase.retry?.attempt ?? 0;
  const endsSoon = endsSoonText(status.ownCertificateEndsAtMs, nowMs);
  const parts: (Part | undefined)[] = [
    { rank: 0, line: [plain(glyph, tone)] },
    { rank: 3, line: [plain(status.role)] },
    { rank: 6, line: [addressOf(status, isCompact)] },
    word === '' ? undefined : { rank: 1, line: [plain(`· ${word}`, tone)] },
    // The first attempt is no news.
    attempt > 1 ? { rank: 7, line: [plain(`try ${attempt}`, tone)] } : undefined,
    attached === undefined ? undefined : { rank: 4, line: [plain('· attached', 'info')] },
    status.isReadOnly ? { rank: 3, line: [plain('· read-only', 'info')] } : undefined,
    {
      rank: status.security === 'plain' ? 2 : 5,
      line: [plain('· '), plain(security, status.security === 'plain' ? 'warn' : 'plain')],
    },
    status.joinRequests.length > 0
      ? {
          rank: 1,
          line: [span(safe`· ? ${counted(status.joinRequests.length, 'request')}`, 'warn')],
        }
      : undefined,
    // With mutual TLS the certificate decides.
    status.acceptsAll && status.security !== 'mutual-tls'
      ? { rank: 4, line: [plain('· '), plain('accepts everyone', 'warn')] }
      : undefined,
    status.ignoringAll
      ? {
          rank: 1,
          line: [plain('· '), span(safe`⊘ ignoring all, ${countText(status.ignoredDrops)} dropped`, 'warn')],
        }
      : undefined,
    endsSoon === undefined ? undefined : { rank: 2, line: [plain('· '), span(endsSoon, 'warn')] },
    { rank: 10, line: [span(safe`· up ${ageText(nowMs - status.startedAtMs)}`)] },
    {
      rank: 8,
      line: [span(rates)],
    },
    waitingPart(status, width),
    diskPart(status.disk),
    status.unreadTotal > 0
      ? { rank: 4, line: [span(safe` ${countText(status.unreadTotal)} unread`, 'warn')] }
      : undefined,
  ];
  return parts.filter((part) => part !== undefined);
}

/**
 * Messages waiting in the queues, each way, and the number of stuck queues: `waiting 2,990 in · 1,998 out · 1 stuck`.
 * When there is no room, other parts and then the counts are left out, never the stuck queues.
 */
function waitingPart({ waitingInCount, waitingCount, stuckCount }: SafeStatus, width: number): Part {
  if (waitingInCount + waitingCount === 0) return { rank: 4, line: [plain(' waiting 0')] };
  const stuck = stuckCount > 0 ? [safe`${countText(stuckCount)} stuck`] : [];
  const counts = (text: (count: number) => SafeText): readonly SafeText[] => [
    ...(waitingInCount > 0 ? [safe`${text(waitingInCount)} in`] : []),
    ...(waitingCount > 0 ? [safe`${text(waitingCount)} out`] : []),
    ...stuck,
  ];
  const full = joined(counts(countText));
  const variants = [safe`waiting ${full}`, full, joined(counts(shortCount))];
  const fitting = variants.find((text) => textWidth(text) <= width - BESIDE_WAITING_WIDTH);
  return { rank: 2, line: [plain(' '), span(fitting ?? joined(stuck), 'warn')] };
}

/** What is free; in warning words when it is little. */
function diskPart(disk: SafeStatus['disk']): Part | undefined {
  if (disk === undefined) return undefined;
  const free = safe`${bytesText(disk.freeBytes)} free`;
  switch (disk.state) {
    case 'ok':
      return { rank: 11, line: [span(safe`· ${free}`)] };
    case 'low':
      return { rank: 2, line: [plain('· '), span(safe`disk nearly full, ${free}`, 'warn')] };
    case 'refusing':
      return { rank: 1, line: [plain('· '), span(safe`disk full, ${free}`, 'bad')] };
  }
}

function joined(texts: readonly SafeText[]): SafeText {
  return texts.length === 0 ? trusted('waiting') : texts.reduce((all, text) => safe`${all} · ${text}`);
}

function causeWord({ cause = 'other' }: SafeStatus['phase']): string {
  return CAUSE_WORDS[cause];
}

/** The mark of the phase; a healthy phase has no word. */
function phaseMark({
  phase,
  role,
  asksForCertificate,
}: Pick<SafeStatus, 'phase' | 'role' | 'asksForCertificate'>): {
  readonly glyph: string;
  readonly word: string;
  readonly tone: Tone;
} {
  switch (phase.kind) {
    case 'listening':
    case 'connected':
      return { glyph: GLYPHS.connected, word: '', tone: 'good' };
    case 'starting':
    case 'connecting':
      return { glyph: GLYPHS.pending, word: phase.kind, tone: 'info' };
    case 'waiting-to-be-let-in': {
      const word = asksForCertificate ? 'requesting a certificate' : 'waiting to be accepted';
      return { glyph: GLYPHS.pending, word, tone: 'info' };
    }
    case 'stopped':
      return { glyph: GLYPHS.away, word: 'stopped', tone: 'warn' };
    case 'retrying':
      return { glyph: GLYPHS.away, word: causeWord(phase), tone: 'warn' };
    case 'refused':
      return { glyph: GLYPHS.refused, word: causeWord(phase), tone: 'bad' };
    case 'failed':
      return { glyph: GLYPHS.refused, word: role === 'server' ? 'not listening' : 'failed', tone: 'bad' };
  }
}
