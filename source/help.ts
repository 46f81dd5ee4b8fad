import { CLI_COMMANDS, COMMANDS, type CommandEntry, type CommandName } from './command-table.ts';
import { EXIT_MEANINGS } from './exit-codes.ts';
import { GENERAL_OPTIONS, OPTIONS, type OptionEntry, type OptionName } from './option-table.ts';

/** The width of a terminal that shows every line of the help unbroken. */
const COLUMNS = 80;
/** Where explanations begin. */
const INDENT = 28;
const SCREEN_OPTIONS = Object.keys(COMMANDS.chat.options) as readonly OptionName[];

/** `aioc --help`: the overview. */
export function helpText(): string {
  const commands = Object.entries(COMMANDS).map(([name, { help }]) => entry(name, help));
  return [
    'aioc: secure, persistent messages between machines, with a terminal UI and chat',
    '',
    'Usage',
    entry('aioc [OPTIONS]', 'listen, and chat on the full screen'),
    entry('aioc --target HOST', 'connect to the aioc on HOST, and chat'),
    entry('aioc FILE.json', 'run the connector of a configuration file'),
    entry('aioc --headless FILE', 'the same without a screen'),
    entry('aioc COMMAND [OPTIONS]', 'run one of these commands'),
    entry('aioc COMMAND --help', 'show its options, examples and exit codes'),
    '',
    'Commands',
    ...commands,
    '',
    'Options',
    ...[...SCREEN_OPTIONS, ...GENERAL_OPTIONS].map((name) => optionLines(name, true)),
    '',
    'Exit codes',
    ...exitCodeLines(EXIT_MEANINGS),
  ].join('\n');
}

/** `aioc COMMAND --help`. */
export function commandHelp(name: CommandName): string {
  const { usage, about, options = {}, examples, exitCodes }: CommandEntry = COMMANDS[name];
  const described = Object.entries(options) as [OptionName, string | true][];
  return [
    ...usage.map((line, index) => `${index === 0 ? 'Usage: ' : '       '}aioc ${line}`),
    '',
    ...wrap(about, 0),
    ...(name === 'cli' ? section('Commands', cliCommandLines()) : []),
    ...section(
      'Options',
      described.map(([option, text]) => optionLines(option, text)),
    ),
    ...section(
      examples.length === 1 ? 'Example' : 'Examples',
      examples.flatMap(([line, does]) => [`  # ${does}`, `  ${line}`]),
    ),
    ...(exitCodes === undefined ? [] : section('Exit codes', exitCodeLines(exitCodes))),
  ].join('\n');
}

/** An option as it is written: `--port PORT`. */
export function optionUsage(name: OptionName): string {
  const { value }: OptionEntry = OPTIONS[name];
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', heading, ...lines];
}

function optionLines(name: OptionName, text: string | true): string {
  return entry(optionUsage(name), text === true ? OPTIONS[name].help : text);
}

function cliCommandLines(): readonly string[] {
  return Object.entries(CLI_COMMANDS).map(([name, { takes, help }]) =>
    entry(`${name} ${takes}`.trim(), help),
  );
}

function exitCodeLines(meanings: Readonly<Record<number, string>>): readonly string[] {
  return Object.entries(meanings).map(
    ([code, meaning]) => `${code.padStart(5)}  ${wrap(meaning, 7).join(`\n${' '.repeat(7)}`)}`,
  );
}

/** A term and its explanation in two columns; a long term has a line of its own. */
function entry(term: string, explanation: string): string {
  const start = `  ${term}`;
  const lines = wrap(explanation, INDENT);
  const text = lines.join(`\n${' '.repeat(INDENT)}`);
  return start.length < INDENT - 1
    ? `${start.padEnd(INDENT)}${text}`
    : `${start}\n${' '.repeat(INDENT)}${text}`;
}

/** Lines that fit behind `indent` columns. */
function wrap(text: string, indent: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > COLUMNS - indent) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
