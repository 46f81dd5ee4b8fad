import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectCapabilities } from '../../../components/terminal/capabilities.ts';

test('the colour depth follows the environment, and NO_COLOR wins', () => {
  const depth = (env: Record<string, string>, isTty = true) => detectCapabilities(env, isTty).colorDepth;
  assert.equal(depth({ TERM: 'xterm-256color' }), '256');
  assert.equal(depth({ TERM: 'xterm-256color', COLORTERM: 'truecolor' }), 'truecolor');
  assert.equal(depth({ TERM: 'xterm-kitty' }), 'truecolor');
  assert.equal(depth({ TERM: 'linux' }), '16');
  assert.equal(depth({ TERM: 'dumb', COLORTERM: 'truecolor' }), 'none');
  assert.equal(depth({ TERM: 'xterm-256color', NO_COLOR: '1' }), 'none');
  assert.equal(depth({ TERM: 'xterm-256color', NO_COLOR: '' }), '256');
  assert.equal(depth({ TERM: 'xterm-256color' }, false), 'none');
});

test('Unicode needs a locale and a terminal that have it', () => {
  const unicode = (env: Record<string, string>) => detectCapabilities(env, true).unicode;
  assert.equal(unicode({ TERM: 'xterm', LANG: 'de_DE.UTF-8' }), true);
  assert.equal(unicode({ TERM: 'xterm', LANG: 'en_US.UTF-8', LC_ALL: 'C' }), false);
  assert.equal(unicode({ TERM: 'xterm', LC_CTYPE: 'C.utf8' }), true);
  assert.equal(unicode({ TERM: 'xterm' }), false);
  assert.equal(unicode({ TERM: 'linux', LANG: 'C.UTF-8' }), false);
  assert.equal(unicode({ TERM: 'dumb', LANG: 'C.UTF-8' }), false);
});
