/** Glyphs of one cell. Each has a word beside it or an entry in the help. */
export const GLYPHS = {
  connected: '●',
  away: '○',
  ignored: '⊘',
  joinRequest: '?',
  refused: '✕',
  pending: '…',
  incoming: '◂',
  outgoing: '▸',
  event: '+',
  received: '✓',
  sent: '→',
  down: '▼',
  up: '▲',
  cursor: '›',
  marked: '+',
  dash: '—',
} as const;

/**
 * One ASCII character for each glyph that we draw. On a terminal without Unicode every row is translated cell by
 * cell, so that columns stay where they were.
 */
const ASCII: Readonly<Record<string, string>> = {
  '●': '*',
  '○': 'o',
  '⊘': '#',
  '✕': 'x',
  '…': '~',
  '◂': '<',
  '▸': '>',
  '✓': 'v',
  '→': '>',
  '▼': 'v',
  '▲': '^',
  '⇡': '^',
  '⇣': 'v',
  '↑': '^',
  '↓': 'v',
  '›': '>',
  '—': '-',
  '·': '-',
  '’': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '←': '<',
  '⏎': '$',
  '─': '-',
  '│': '|',
  '╭': '+',
  '╮': '+',
  '╰': '+',
  '╯': '+',
  '█': '#',
  '░': '.',
  '▏': '.',
  '▎': '.',
  '▍': '-',
  '▌': '-',
  '▋': '=',
  '▊': '=',
  '▉': '#',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': ':',
  '▅': '=',
  '▆': '+',
  '▇': '*',
};

/** The character for one cell of `grapheme`; a question mark if there is none. */
export function asciiOf(grapheme: string): string {
  return ASCII[grapheme] ?? (/^[\x20-\x7e]$/.test(grapheme) ? grapheme : '?');
}
