import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answersGroundQuery,
  groundFromEnvironment,
  groundFromReport,
} from '../../../components/terminal/terminal-ground.ts';

test('the answer to the question for the background has one to four digits a colour; nothing else is an answer', () => {
  assert.deepEqual(groundFromReport('11;rgb:ffff/8080/0000'), [255, 128, 0]);
  assert.deepEqual(groundFromReport('11;rgb:f/8/0'), [255, 136, 0]);
  assert.deepEqual(groundFromReport('11;rgba:1e1e/1e1e/1e1e/ffff'), [30, 30, 30]);
  for (const other of ['10;rgb:0/0/0', '11;?', '11;rgb:0/0', '11;rgb:12345/0/0', '52;c;aGk=', ''])
    assert.equal(groundFromReport(other), undefined, other);
});

test('COLORFGBG says whether the background is light, where it is set', () => {
  const ground = (COLORFGBG?: string) => groundFromEnvironment({ COLORFGBG });
  assert.equal(ground('15;0'), 'dark');
  assert.equal(ground('0;15'), 'light');
  assert.equal(ground('0;default;7'), 'light');
  assert.equal(ground('7;8'), 'dark');
  for (const nothing of [undefined, '', '15', '15;default', '0;99'])
    assert.equal(ground(nothing), undefined, nothing);
});

test('a terminal that would show the question is not asked', () => {
  const asks = (TERM?: string) => answersGroundQuery({ TERM });
  assert.deepEqual(['xterm-256color', 'tmux-256color', 'screen'].map(asks), [true, true, true]);
  assert.deepEqual(['linux', 'dumb', undefined].map(asks), [false, false, false]);
});
