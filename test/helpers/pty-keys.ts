/** What a terminal sends for a key, in the normal mode of the cursor keys. */
const KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  backspace: '\x7f',
  space: ' ',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  insert: '\x1b[2~',
  delete: '\x1b[3~',
  'page-up': '\x1b[5~',
  'page-down': '\x1b[6~',
  f1: '\x1bOP',
  f2: '\x1bOQ',
  f3: '\x1bOR',
  f4: '\x1bOS',
  f5: '\x1b[15~',
  f6: '\x1b[17~',
  f7: '\x1b[18~',
  f8: '\x1b[19~',
  f9: '\x1b[20~',
  f10: '\x1b[21~',
  f11: '\x1b[23~',
  f12: '\x1b[24~',
};

/** xterm's number for the modifiers of a key that has an escape sequence of its own. */
const MODIFIERS: Readonly<Record<string, number>> = { shift: 2, alt: 3, ctrl: 5 };

/**
 * The bytes of a key by its name: `enter`, `shift-tab`, `ctrl-c`, `alt-1`, `ctrl-left`, or a single character.
 * `applicationCursor` is the mode in which the arrows, Home and End are sent as SS3 sequences.
 */
export function keyBytes(name: string, applicationCursor = false): string {
  const plain = KEYS[name];
  if (plain !== undefined) {
    return applicationCursor && /^\x1b\[[A-DFH]$/.test(plain) ? plain.replace('[', 'O') : plain;
  }
  if ([...name].length === 1) return name;
  const [, modifier, key] = /^(ctrl|alt|shift)-(.+)$/.exec(name) ?? [];
  if (modifier === undefined || key === undefined) throw new Error(`There is no key named '${name}'`);
  return modifiedKey(modifier, key) ?? modifiedSequence(modifier, key);
}

function modifiedKey(modifier: string, key: string): string | undefined {
  if (modifier === 'ctrl' && /^[a-z@[\\\]^_]$/.test(key)) {
    return String.fromCharCode(key.toUpperCase().charCodeAt(0) & 0x1f);
  }
  const isPlain = [...key].length === 1 || /^(enter|backspace|tab|space|escape)$/.test(key);
  return modifier === 'alt' && isPlain ? `\x1b${keyBytes(key)}` : undefined;
}

/** `CSI A` becomes `CSI 1;5A`, and `CSI 3~` becomes `CSI 3;5~`. */
function modifiedSequence(modifier: string, key: string): string {
  const [, number, final] = /^\x1b(?:\[|O)(\d*)([A-Z~])$/.exec(KEYS[key] ?? '') ?? [];
  if (final === undefined) throw new Error(`There is no key named '${modifier}-${key}'`);
  return `\x1b[${number === '' ? '1' : number};${MODIFIERS[modifier]}${final}`;
}
