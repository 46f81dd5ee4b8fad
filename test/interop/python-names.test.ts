import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { pageText } from '../helpers/page-tables.ts';
import { findPython } from '../helpers/python-peer.ts';

/** Prints the public names of the package as JSON: of its functions, of its classes' methods and of their parameters. */
const LIST_NAMES = `
import inspect, json, types
import aioconnectors

def public(names):
    return [name for name in names if not name.startswith('_')]

names = set()
for name in public(dir(aioconnectors)):
    value = getattr(aioconnectors, name)
    if isinstance(value, types.ModuleType):
        continue
    names.add(name)
    if not name.startswith('Connector'):
        continue
    for member, method in inspect.getmembers(value):
        if member == '__init__' or not member.startswith('_'):
            names.update(public([member]))
            if inspect.isfunction(method):
                parameters = inspect.signature(method).parameters.values()
                names.update(one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))
print(json.dumps(sorted(names - {'self'})))
`;

/** Of methods that only Python's own classes call. */
const INTERNAL = ['reader', 'writer'];

test('every public name of Python’s API, each parameter and each command is in the pages for users who come from Python', async (t) => {
  const found = await findPython();
  if ('unavailable' in found) return t.skip(found.unavailable);
  // The parameters of a connector are its configuration keys, which have a page of their own.
  const pages = ['engine/local/python/README.md', 'engine/config/README.md'].map(pageText);
  const page = pages.join('\n');
  const code = [...page.matchAll(/`[^`]+`/g)].map(([text]) => text).join(' ');
  const missing = (names: readonly string[]): string[] =>
    names.filter((name) => !new RegExp(`(?<![\\w])${name}(?![\\w])`).test(code));

  const run = promisify(execFile);
  const { stdout } = await run(found.python, ['-c', LIST_NAMES]);
  const names = (JSON.parse(stdout) as string[]).filter((name) => !INTERNAL.includes(name));
  assert.ok(names.length > 140, `${names.length} names`);
  assert.deepEqual(missing(names), []);

  const help = (await run(found.python, ['-m', 'aioconnectors', '--help'])).stdout;
  const commands = [...help.matchAll(/^ {4}- (\S+)/gm)].map(([, command = '']) => command);
  assert.ok(commands.length >= 10, help);
  assert.deepEqual(missing(commands), []);
});
