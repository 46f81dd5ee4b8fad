const PIECES = [
  ...[
    '..',
    '.',
    '/',
    '//',
    '\\',
    '\0',
    '\n',
    '\r',
    '\x1b[2J',
    '\u009b',
    '\u202e',
    '\ud800',
    '~',
    '$HOME',
    '%2e',
  ],
  ...[
    'a',
    'b.txt',
    ' ',
    '-rf',
    '{source_id}',
    '{tag}',
    '/etc/passwd',
    'C:',
    '.aioc-partial-1',
    'é',
    'link',
    'dir',
  ],
  ...['x'.repeat(254), '\ufeff', '\u200b', '../', '/..', 'con', '*', '`id`', '$(id)'],
];

/** A name of a file as an attacker would make it up: pieces that mean something somewhere. */
export function hostileName(random: () => number): string {
  const count = 1 + Math.floor(random() * 6);
  return Array.from({ length: count }, () => PIECES[Math.floor(random() * PIECES.length)]).join('');
}

/** The same as bytes, which need not be text. */
export function hostileBytes(random: () => number): Buffer {
  const bytes = Buffer.from(hostileName(random));
  for (let left = Math.floor(random() * 3); left > 0 && bytes.length > 0; left -= 1)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}
