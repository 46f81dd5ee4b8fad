/** The commands of the chat line, for Tab, `!help`, the help and the page of keys. */

export interface ChatCommand {
  readonly name: `!${string}`;
  /** What follows the name; empty for nothing. */
  readonly takes: string;
  readonly help: string;
}

const command = (name: ChatCommand['name'], takes: string, help: string): ChatCommand => ({
  name,
  takes,
  help,
});

export const CHAT_COMMANDS: readonly ChatCommand[] = [
  command('!upload', '<path> …', 'sends files and directories (to Python: a directory as a zip)'),
  command('!import', '<name>', 'copies a received file or directory to the working directory'),
  command('!zimport', '<name>', 'unzips a received file into the working directory'),
  command('!dezip', '<name>', 'unzips a received file where it is'),
  command('!files', '', 'lists the received files, and those on their way'),
  command('!cd', '[directory]', 'changes the working directory (- : the one before; nothing: home)'),
  command('!peers', '', 'lists the peers'),
  command('!to', '<peer>', 'chooses the conversation'),
  command('!who', '', 'shows who is connected, with the fingerprint words of both sides'),
  command('!help', '', 'lists these commands'),
  command('!exit', '', 'quits aioc, or detaches from a daemon'),
];

export const SHELL_COMMAND: ChatCommand = command(
  '!…',
  '',
  'any other text runs in your local shell, in the working directory; start with \\! to send a line that starts with !',
);

/** One line a command, for `!help`. */
export function chatHelp(): string {
  const width = Math.max(...CHAT_COMMANDS.map(({ name, takes }) => `${name} ${takes}`.length));
  return [...CHAT_COMMANDS, SHELL_COMMAND]
    .map(({ name, takes, help }) => `${`${name} ${takes}`.padEnd(width)}  ${help}`)
    .join('\n');
}
