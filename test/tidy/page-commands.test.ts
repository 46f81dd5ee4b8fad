import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageCommands, whyNotRun } from '../helpers/page-commands.ts';

test('a test runs each command that a page shows, with each of its options', () => {
  const commands = pageCommands();
  assert.ok(commands.length > 60, `${commands.length} commands`);
  const faults = commands.flatMap(({ page, command }) => {
    const why = whyNotRun(command);
    return why === undefined ? [] : [`${page}: ${command} (${why})`];
  });
  assert.deepEqual(faults, []);
});

test('a command without a test is found', () => {
  assert.match(whyNotRun('aioc dance') ?? '', /no entry/);
  assert.match(whyNotRun('aioc listen server.json --backwards') ?? '', /no --backwards/);
  assert.match(whyNotRun('npm run dance') ?? '', /no entry/);
});
