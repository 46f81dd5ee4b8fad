/** The keys of the line editors and of the dialogs, which are not in the table of keys, for the help. */
export interface TypingKey {
  readonly shown: string;
  readonly place: string;
  readonly label: string;
  /** As `chordOf` writes them. */
  readonly chords: readonly string[];
}

function typing(shown: string, place: string, label: string, chords: string): TypingKey {
  return { shown, place, label, chords: chords.split(' ') };
}

export const TYPING_KEYS: readonly TypingKey[] = [
  typing('← →', 'chat line', 'one character left or right (Ctrl-B Ctrl-F)', 'left right ctrl-b ctrl-f'),
  typing(
    'Alt-B F',
    'chat line',
    'one word left or right (Alt-← →, Ctrl-← →)',
    'alt-b alt-f alt-left alt-right ctrl-left ctrl-right',
  ),
  typing('Ctrl-A E', 'chat line', 'to the start or the end (Home, End)', 'ctrl-a ctrl-e home end'),
  typing('Ctrl-P N', 'chat line', 'previous or next line (↑ ↓)', 'ctrl-p ctrl-n up down'),
  typing('Alt-Enter', 'chat line', 'a line end in the text, which stays one message', 'alt-enter'),
  typing('Backspace', 'chat line', 'delete a character to the left (Ctrl-H)', 'backspace ctrl-h'),
  typing('Delete', 'chat line', 'delete a character to the right (Ctrl-D)', 'delete ctrl-d'),
  typing('Ctrl-W', 'chat line', 'cut the word to the left (Alt-Backspace)', 'ctrl-w alt-backspace'),
  typing('Alt-D', 'chat line', 'cut the word to the right', 'alt-d'),
  typing('Ctrl-U K', 'chat line', 'cut to the start or to the end', 'ctrl-u ctrl-k'),
  typing('Ctrl-Y', 'chat line', 'insert what was cut last', 'ctrl-y'),
  typing('Ctrl-_', 'chat line', 'undo typing', 'ctrl-_'),
  typing('← → Tab', 'dialog', 'choose an answer', 'left right h l tab shift-tab up down'),
  typing('↑ ↓', 'dialog', 'scroll, or choose a row (j k PgUp PgDn g G)', 'j k pageup pagedown g G home end'),
  typing('Enter', 'dialog', 'confirm or run; closes a text (q)', 'enter q'),
  typing('y s', 'dialog', 'copy a text, or save it to a file', 'y s'),
  typing('Esc', 'dialog', 'close without doing anything', 'escape'),
  typing(
    'Ctrl-U K W',
    'dialog',
    'cut in a line of a dialog or a filter',
    'ctrl-u ctrl-k ctrl-w ctrl-a ctrl-e',
  ),
];
