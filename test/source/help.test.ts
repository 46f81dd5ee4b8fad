import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../../source/arguments.ts';
import { CLI_COMMANDS, COMMANDS, type CommandEntry, type CommandName } from '../../source/command-table.ts';
import { commandHelp, helpText, optionUsage } from '../../source/help.ts';
import { OPTIONS, type OptionName } from '../../source/option-table.ts';

const commands = Object.entries(COMMANDS) as [CommandName, CommandEntry][];
const texts = new Map<string, string>([
  ['aioc --help', helpText()],
  ...commands.map(([name]) => [`aioc ${name} --help`, commandHelp(name)] as const),
]);

for (const [name, { usage, examples, options = {} }] of commands) {
  test(`aioc ${name} --help shows its usage, its options and an example, and no other command's options`, () => {
    assert.deepEqual(parseCommandLine([name, '--help']), { mode: 'help', command: name });
    assert.deepEqual(parseCommandLine([name.replaceAll('_', '-'), 'x', '--help']), {
      mode: 'help',
      command: name,
    });
    const help = commandHelp(name);
    for (const line of usage) assert.ok(help.includes(`aioc ${line}`), line);
    assert.ok(examples.length > 0);
    for (const [line] of examples) assert.ok(help.includes(line), line);
    const listed = Object.keys(OPTIONS).filter((option) =>
      help.includes(`\n  ${optionUsage(option as OptionName)}`),
    );
    assert.deepEqual(listed.sort(), Object.keys(options).sort());
  });

  for (const [line] of examples) {
    test(`the example parses: ${line}`, () => {
      const words = wordsOf(line);
      assert.ok(words.includes(name), `it shows ${name}`);
      const invocation = parseCommandLine(words);
      assert.notEqual(invocation.mode, 'help');
      const used = words
        .filter((word) => word.startsWith('--'))
        .map((word) => word.slice(2).replaceAll('-', '_'));
      assert.deepEqual(
        used.filter((option) => !Object.hasOwn(options, option)),
        [],
        'options that the help of this command shows',
      );
    });
  }
}

test('the overview names every command once, and how to get its help', () => {
  const overview = helpText();
  for (const [name, { help }] of commands)
    assert.ok(overview.includes(`\n  ${name}`) && overview.includes(help));
  assert.ok(overview.includes('aioc COMMAND --help'));
  assert.deepEqual(parseCommandLine(['--help']), { mode: 'help' });
});

test('every option is shown by a help text', () => {
  const all = [...texts.values()].join('\n');
  const missing = Object.keys(OPTIONS).filter(
    (name) => !all.includes(`\n  ${optionUsage(name as OptionName)}`),
  );
  assert.deepEqual(missing, []);
});

test('aioc cli --help lists every command that a connector takes', () => {
  for (const [name, { help }] of Object.entries(CLI_COMMANDS)) {
    assert.ok(commandHelp('cli').includes(`\n  ${name}`), name);
    assert.ok(commandHelp('cli').includes(help), help);
  }
});

test('no line of a help text is wider than 80 columns, or has blanks at its end', () => {
  for (const [what, text] of texts)
    for (const line of text.split('\n'))
      assert.ok(line.length <= 80 && line === line.trimEnd(), `${what}: ${line}`);
});

test('an option that a command has no use for is accepted and has no effect', () => {
  assert.deepEqual(parseCommandLine(['status', '--ascii', '--raw']), parseCommandLine(['status']));
});

test('a usage error says where to look: at the command, where it is known', () => {
  for (const [line, message] of [
    ['send a b c', /unexpected argument "c".*; see aioc send --help$/],
    ['config', /usage: aioc config check FILE; see aioc config --help$/],
    ['ping', /missing argument: configuration file; see aioc ping --help$/],
    ['listen --count none', /--count takes a whole number, not "none"; see aioc listen --help$/],
    ['send --frobnicate', /unknown option.*--frobnicate.*; see aioc send --help$/],
    ['nonsense', /unknown command "nonsense" \(configuration files end in \.json\); see aioc --help$/],
    ['--frobnicate', /; see aioc --help$/],
  ] as const) {
    assert.throws(() => parseCommandLine(line.split(' ')), { code: 'AIOC_USAGE', message });
  }
});

/** What follows `aioc` in a line for a shell, as the shell would split it. */
function wordsOf(line: string): string[] {
  const own = line.slice(line.lastIndexOf('aioc ') + 'aioc '.length).split(' | ')[0] ?? '';
  return [...own.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}
