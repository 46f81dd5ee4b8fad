/** Texts that try to control a terminal: C0, C1, escape sequences of each kind, bidi, and what is no UTF-8. */

const PIECES: readonly string[] = [
  ...['\x1b[2J', '\x1b[1;1Howned', '\x1b[38;5;201m', '\x1b[6n', '\x1b[?1049l', '\x1bc', '\x1b(0', '\x1b'],
  ...[
    '\x1b]0;owned\x07',
    '\x1b]52;c;b3duZWQ=\x1b\\',
    '\x1b]8;;http://a/\x07',
    '\x1bPq#0\x1b\\',
    '\x1b_a\x1b\\',
  ],
  ...[
    '\x9b2J',
    '\x9d0;owned\x9c',
    '\x90q\x9c',
    '\x84',
    '\x85',
    '\x8d',
    '\r',
    '\n',
    '\r\n',
    '\b',
    '\t',
    '\0',
    '\x07',
  ],
  ...[
    '\x0e',
    '\x7f',
    '\u202e',
    '\u2066',
    '\u2069',
    '\u200f',
    '\u061c',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\udfff',
  ],
  ...['a', ' ', '--', 'name', '名前', 'e\u0301', '👩‍👩‍👧', '"', "'", '\\', '%s', '…', '›', '|', '/', '.json'],
];

/** One that is made up of pieces, bytes that are decoded as UTF-8 or latin 1, and single code units. */
export function hostileString(random: () => number): string {
  const upTo = (count: number): number => Math.floor(random() * count);
  const parts = Array.from({ length: 1 + upTo(6) }, () => {
    const kind = upTo(5);
    if (kind > 1) return PIECES[upTo(PIECES.length)] ?? '';
    if (kind === 1) return String.fromCharCode(upTo(random() < 0.7 ? 0x100 : 0x10000));
    const bytes = Buffer.from(Array.from({ length: 1 + upTo(5) }, () => upTo(256)));
    return bytes.toString(random() < 0.5 ? 'utf8' : 'latin1');
  });
  return parts.join('');
}

/** What must not reach a terminal: controls, characters that reorder, and halves of characters. */
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/u;

/** The first place that would control a terminal, with what is around it; undefined if there is none. */
export function controlIn(text: string): string | undefined {
  const at = CONTROLS.exec(text)?.index;
  return at === undefined ? undefined : JSON.stringify(text.slice(Math.max(0, at - 30), at + 30));
}
