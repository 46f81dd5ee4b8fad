/** One-cell glyphs. Each stands beside a word, or is explained in the help. */
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

/** The character for one cell of `grapheme`; a question mark for what ASCII does not have. */
export function asciiOf(grapheme: string): string {
  return ASCII[grapheme] ?? (/^[\x20-\x7e]$/.test(grapheme) ? grapheme : '?');
}
