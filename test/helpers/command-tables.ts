import { CLI_COMMANDS, COMMANDS, type CommandEntry } from '../../source/command-table.ts';
import { EXIT_MEANINGS } from '../../source/exit-codes.ts';
import { optionUsage } from '../../source/help.ts';
import { GENERAL_OPTIONS, OPTIONS, type OptionName } from '../../source/option-table.ts';

const commands = Object.entries(COMMANDS) as [string, CommandEntry][];

/** Every option, with the commands that use it. */
export function optionsTable(): string {
  const rows = (Object.keys(OPTIONS) as OptionName[]).flatMap((name) =>
    [...commandsByText(name)].map(
      ([text, users]) => `| \`${optionUsage(name)}\` | ${users.join(', ')} | ${escaped(text)} |`,
    ),
  );
  return ['| option | with | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}

/** One option may do different things with different commands. */
function commandsByText(name: OptionName): ReadonlyMap<string, readonly string[]> {
  const { help } = OPTIONS[name];
  const users = new Map<string, string[]>();
  const add = (text: string, command: string): void =>
    void users.set(text, [...(users.get(text) ?? []), command]);
  if (GENERAL_OPTIONS.includes(name)) add(help, '`aioc`');
  for (const [command, { options }] of commands) {
    const text = options?.[name];
    if (text !== undefined) add(text === true ? help : text, `\`${command}\``);
  }
  return users;
}

/** Every command: its usage and what it does. */
export function commandsTable(): string {
  const rows = commands.map(([, { usage, help }]) => {
    const lines = usage.map((line) => `\`aioc ${escaped(line)}\``).join('<br>');
    return `| ${lines} | ${escaped(help)} |`;
  });
  return ['| command | what it does |', '| --- | --- |', ...rows].join('\n');
}

/** What `aioc cli` can ask of a connector. */
export function cliCommandsTable(): string {
  const rows = Object.entries(CLI_COMMANDS).map(
    ([name, { takes, help }]) => `| \`${escaped(`${name} ${takes}`.trim())}\` | ${escaped(help)} |`,
  );
  return ['| `aioc cli CONNECTOR …` | what it does |', '| --- | --- |', ...rows].join('\n');
}

/** What each command's exit codes mean, the general ones first. */
export function exitCodesTable(): string {
  const general = Object.entries(EXIT_MEANINGS).map(
    ([code, text]) => `| every command | ${code} | ${escaped(text)} |`,
  );
  const own = commands.flatMap(([name, { exitCodes = {} }]) =>
    Object.entries(exitCodes).map(([code, text]) => `| \`${name}\` | ${code} | ${escaped(text)} |`),
  );
  return ['| command | exit code | meaning |', '| --- | --- | --- |', ...general, ...own].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
