/** Lines of the screen as text for a screen reader: glyphs as words, without borders, graphs and columns. */
import { type SafeText, trusted } from '../terminal/sanitize.ts';
import type { Line } from '../widgets/line.ts';

/** What draws a line; some glyphs mean different things in different places. */
export type LinePlace = 'header' | 'peers' | 'queues' | 'log' | 'chat' | 'dialog' | 'footer';

const BORDERS = /[╭╮╰╯│─]/g;
/** Sparklines and progress bars: a number stands beside each. */
const GRAPHS = /[\u2581-\u2591]+/g;

/** A pause: a comma, but not at an end. */
const PAUSE = '\0';
/** Glyphs stand alone; in a dialog only the first one is more than text. */
const GLYPHS = /(?<=^|\s)([^\w\s])(?=\s|$)/gu;
const FIRST_GLYPH = /(?<=^\s*)([^\w\s])(?=\s)/u;
/** Where two blanks stand between columns; in a conversation they are the peer’s. */
const HAS_COLUMNS: ReadonlySet<LinePlace> = new Set(['peers', 'queues', 'log']);

const WORDS: Readonly<Record<string, string>> = {
  '●': 'connected',
  '○': 'away',
  '⊘': 'ignored',
  '✕': 'failed',
  '…': '',
  '◂': 'in',
  '▸': 'out',
  '✓': 'ok',
  '→': 'sent',
  '▼': '',
  '▲': '',
  '⇡': 'sending',
  '⇣': 'receiving',
  '›': '',
  '—': 'none',
  '·': PAUSE,
};

const WORDS_IN: Readonly<Partial<Record<LinePlace, Readonly<Record<string, string>>>>> = {
  header: { '●': 'running', '○': 'not connected', '✕': 'not well', '▼': 'in', '▲': 'out' },
  peers: {
    '…': '',
    '○': '',
    '⊘': '',
    '✕': '',
    '▼': 'descending',
    '▲': 'ascending',
    '+': 'marked',
    '?': 'question',
  },
  queues: { '!': 'stuck', '▼': 'descending', '▲': 'ascending', '+': 'marked', '›': 'to do:' },
  log: { '!': 'warning', '+': 'event' },
  // Beside a mark of these stands its word.
  chat: { '✓': '', '⊘': '' },
  dialog: { '!': 'warning:' },
  footer: { '!': 'warning:', '⊘': '', '·': '', '→': '→', '—': '—' },
};

/** The line in words; empty if there is nothing to say. Outside text keeps its words, and is as safe as it was. */
export function linearText(line: Line, place: LinePlace): SafeText {
  const drawn = line.map(({ text }) => text).join('');
  const inside = drawn.replace(BORDERS, ' ').replace(GRAPHS, ' ');
  // The cursor stands right before the state of a row; what is typed comes after a blank.
  const hasCursor = place !== 'chat' && /^\s*›(?!\s)/.test(inside);
  const isInTone = line.length > 0 && line.every(({ text, tone }) => tone === 'selected' || isFrame(text));
  const isSelected = hasCursor || (isInTone && place !== 'dialog');
  const words = (hasCursor ? inside.replace('›', ' ') : inside)
    .replace(place === 'chat' ? /✓(?=\s*$)/ : /$^/, 'received')
    .replace(place === 'chat' ? /✕ (?=(?:failed|refused)\b)/ : /$^/, '')
    .replace(/(?<=\w)([▼▲])/g, ' $1 ')
    .replace(/([▼▲])(?=[\d.])/g, '$1 ')
    .replace(place === 'dialog' ? FIRST_GLYPH : GLYPHS, (_, glyph: string) => wordOf(glyph, place))
    .replace(/(?<=[^\s:]) {2,}(?=\S)/g, HAS_COLUMNS.has(place) ? PAUSE : ' ')
    .replace(/\[ ([^\]]+) \]/g, (whole, choice: string) =>
      place === 'dialog' ? `${choice} (chosen)` : whole,
    )
    .replace(/^[\s\0]+|[\s\0]+$/g, '')
    .replace(/\s*\0[\s\0]*/g, ', ')
    .replace(/ {2,}/g, ' ');
  return trusted(words !== '' && isSelected ? `selected: ${words}` : words);
}

/** The lines that say something. */
export function linearLines(lines: readonly Line[], place: LinePlace): readonly SafeText[] {
  return lines.map((line) => linearText(line, place)).filter((text) => text !== '');
}

function wordOf(glyph: string, place: LinePlace): string {
  return WORDS_IN[place]?.[glyph] ?? WORDS[glyph] ?? glyph;
}

function isFrame(text: string): boolean {
  return text.replace(BORDERS, '').trim() === '';
}
