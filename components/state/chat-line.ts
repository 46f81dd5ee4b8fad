import { splitWords } from './quoted-words.ts';

/** A parsed chat line. */
export type ChatLine =
  | { readonly kind: 'empty' }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'shell'; readonly command: string }
  /** `written` as a whole may be the name of one file, with blanks that are not quoted. */
  | { readonly kind: 'upload'; readonly paths: readonly string[]; readonly written: string }
  | { readonly kind: 'import'; readonly how: ImportHow; readonly name: string }
  /** Without `to`: home. */
  | { readonly kind: 'cd'; readonly to: string | undefined }
  | { readonly kind: 'to'; readonly name: string }
  | { readonly kind: 'files' | 'peers' | 'who' | 'help' | 'exit' }
  /** One of our commands without its argument; `usage` names it. */
  | { readonly kind: 'incomplete'; readonly usage: string };

export type ImportHow = 'import' | 'zimport' | 'dezip';

/**
 * Parses a chat line. A line that starts with `!` is one of our commands or a command for the local shell. A blank or a
 * backslash before the `!` makes it ordinary text (the backslash is left out).
 */
export function parseChatLine(line: string): ChatLine {
  if (line.trim() === '') return { kind: 'empty' };
  if (line.startsWith('\\!')) return { kind: 'say', text: line.slice(1) };
  if (!line.startsWith('!')) return { kind: 'say', text: line };
  const [, command = '', argument = ''] = /^!(\S*)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
  return ownCommand(command, argument) ?? shellLine(line.slice(1).trim());
}

function shellLine(command: string): ChatLine {
  return command === ''
    ? { kind: 'incomplete', usage: 'Type a shell command after !, e.g. !ls' }
    : { kind: 'shell', command };
}

/** undefined for a line of the shell, as are those of our commands that take nothing but are followed by something. */
function ownCommand(command: string, argument: string): ChatLine | undefined {
  switch (command) {
    case 'upload':
      return argument === ''
        ? incomplete('!upload needs a file or a directory: !upload <path>')
        : { kind: 'upload', paths: splitWords(argument).map(({ text }) => text), written: argument };
    case 'import':
    case 'zimport':
    case 'dezip':
      return argument === ''
        ? incomplete(`!${command} needs the name of a received file (Tab lists them)`)
        : { kind: 'import', how: command, name: onlyWord(argument) ?? argument };
    case 'to':
      return argument === ''
        ? incomplete('!to needs the name of a peer (Tab lists them)')
        : { kind: 'to', name: onlyWord(argument) ?? argument };
    case 'cd': {
      if (argument === '') return { kind: 'cd', to: undefined };
      // More words are a line of the shell: cd a && make.
      const to = onlyWord(argument);
      return to === undefined ? undefined : { kind: 'cd', to };
    }
    case 'files':
    case 'peers':
    case 'who':
    case 'help':
    case 'exit':
      return argument === '' ? { kind: command } : undefined;
    default:
      return undefined;
  }
}

function incomplete(usage: string): ChatLine {
  return { kind: 'incomplete', usage };
}

/** Names may be written with their blanks, or quoted as for a shell. */
function onlyWord(argument: string): string | undefined {
  const [word, ...more] = splitWords(argument);
  return word === undefined || more.length > 0 || word.open !== '' ? undefined : word.text;
}
