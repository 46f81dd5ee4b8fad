/** A parsed chat line. */
export type ChatLine =
  | { readonly kind: 'empty' }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'shell'; readonly command: string }
  | { readonly kind: 'upload'; readonly path: string }
  | { readonly kind: 'import'; readonly name: string; readonly unzip: boolean }
  | { readonly kind: 'exit' }
  /** One of our commands without its argument; `usage` names it. */
  | { readonly kind: 'incomplete'; readonly usage: string };

/** The commands of the chat, for completion and the help. */
export const CHAT_COMMANDS = ['!upload', '!import', '!zimport', '!exit'] as const;

/**
 * Parses a chat line. A line that starts with `!` is one of our commands or a command for the local shell. A blank or a
 * backslash before the `!` makes it ordinary text (the backslash is left out).
 */
export function parseChatLine(line: string): ChatLine {
  if (line.trim() === '') return { kind: 'empty' };
  if (line.startsWith('\\!')) return { kind: 'say', text: line.slice(1) };
  if (!line.startsWith('!')) return { kind: 'say', text: line };
  const [, command = '', argument = ''] = /^!(\S*)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
  switch (command) {
    case 'upload':
      return argument === ''
        ? { kind: 'incomplete', usage: '!upload needs a file or a directory: !upload <path>' }
        : { kind: 'upload', path: argument };
    case 'import':
    case 'zimport':
      return argument === ''
        ? { kind: 'incomplete', usage: `!${command} needs the name of a received file (Tab lists them)` }
        : { kind: 'import', name: argument, unzip: command === 'zimport' };
    case 'exit':
      return argument === '' ? { kind: 'exit' } : { kind: 'shell', command: line.slice(1).trim() };
    default: {
      const shell = line.slice(1).trim();
      return shell === ''
        ? { kind: 'incomplete', usage: 'Type a shell command after !, e.g. !ls' }
        : { kind: 'shell', command: shell };
    }
  }
}
