import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BINDINGS } from '../../components/keys/bindings/index.ts';
import { parseChatLine } from '../../components/state/chat-line.ts';
import { complete, completionRequest } from '../../components/state/completion.ts';
import { ageText, bytesText, rateText, shortCount } from '../../components/state/format.ts';
import { cellsOf } from '../../components/terminal/cells.ts';
import { sanitize } from '../../components/terminal/sanitize.ts';
import { textWidth } from '../../components/terminal/width.ts';
import { framed } from '../../components/widgets/frame.ts';
import { progressBar, sparkline } from '../../components/widgets/graphs.ts';
import { fit, lineWidth, span } from '../../components/widgets/line.ts';

test('a line is what its user meant', () => {
  assert.deepEqual(parseChatLine('hello!'), { kind: 'say', text: 'hello!' });
  assert.deepEqual(parseChatLine('!ls -l'), { kind: 'shell', command: 'ls -l' });
  assert.deepEqual(parseChatLine('!!'), { kind: 'shell', command: '!' });
  assert.deepEqual(parseChatLine('!upload  a b '), {
    ...{ kind: 'upload', paths: ['a', 'b'], written: 'a b' },
  });
  assert.deepEqual(parseChatLine('!uploads'), { kind: 'shell', command: 'uploads' });
  assert.deepEqual(parseChatLine('!import x'), { kind: 'import', how: 'import', name: 'x' });
  assert.deepEqual(parseChatLine('!zimport x.zip'), { kind: 'import', how: 'zimport', name: 'x.zip' });
  assert.deepEqual(parseChatLine('!exit'), { kind: 'exit' });
  assert.deepEqual(parseChatLine('\\!important'), { kind: 'say', text: '!important' });
  assert.deepEqual(parseChatLine(' !important'), { kind: 'say', text: ' !important' });
  assert.deepEqual(parseChatLine('   '), { kind: 'empty' });
  assert.equal(parseChatLine('!upload').kind, 'incomplete');
  assert.equal(parseChatLine('!').kind, 'incomplete');
});

test('a text that does not begin with ! is never a command, and never changed', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(text.trim() !== '' && !text.startsWith('!') && !text.startsWith('\\!'));
      assert.deepEqual(parseChatLine(text), { kind: 'say', text });
    }),
  );
});

test('a completion adds what all candidates have in common', () => {
  const shell = completionRequest('!cat my');
  assert.deepEqual(shell, { source: 'path', from: 5, prefix: 'my', open: '' });
  assert.equal(shell && complete('!cat my', shell, ['my file']).line, '!cat my\\ file');
  const upload = completionRequest('!upload my');
  assert.equal(upload && complete('!upload my', upload, ['my file']).line, '!upload my\\ file');
  const several = upload && complete('!upload my', upload, ['my a', 'my b', 'other']);
  assert.deepEqual(several, { line: '!upload my\\ ', choices: ['my a', 'my b'] });
  assert.equal(completionRequest('hello'), undefined);
});

test('numbers stay within their columns', () => {
  assert.deepEqual([0, 999, 1000, 3400, 12_480, 1_200_000].map(shortCount), [
    '0',
    '999',
    '1.0k',
    '3.4k',
    '12k',
    '1.2M',
  ]);
  assert.deepEqual([0, 0.02, 0.5, 7].map(rateText), ['0', '0.1', '0.5', '7']);
  assert.deepEqual([0, 512, 2_100_000].map(bytesText), ['0 B', '512 B', '2.1 MB']);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (value) => shortCount(value).length <= 5),
  );
});

test('an age changes at most once a minute', () => {
  assert.deepEqual([0, 59_999, 60_000, 3_600_000, 8_040_000, 90_000_000].map(ageText), [
    '<1 m',
    '<1 m',
    '1 m',
    '1h00m',
    '2h14m',
    '1d1h',
  ]);
});

test('graphs have exactly their width, and a trickle is not silence', () => {
  assert.equal(sparkline([0, 0, 1, 1000], 6), '▁▁▁▁▂█');
  fc.assert(
    fc.property(
      fc.float({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 60 }),
      (fraction, width) => {
        assert.equal(textWidth(progressBar(fraction, width)), width);
      },
    ),
  );
});

test('a frame is a rectangle, whatever is in it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 8 }),
      fc.integer({ min: 6, max: 60 }),
      fc.integer({ min: 2, max: 10 }),
      (texts, width, height) => {
        const lines = texts.map((text) => [span(sanitize(text))]);
        const title = [span(sanitize(texts[0] ?? ''))];
        const block = framed({ lines }, { width, height, title, note: title, border: 'plain' });
        assert.equal(block.lines.length, height);
        for (const line of block.lines) assert.equal(lineWidth(line), width);
      },
    ),
  );
});

test('without Unicode every row is ASCII of the same width', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const line = fit([span(sanitize(text))], 20);
      const painted = cellsOf(line, { colour: false, unicode: false }).texts.join('');
      assert.match(painted, /^[\x20-\x7e]*$/);
      assert.equal(painted.length, lineWidth(line));
    }),
  );
});

test('no key has two meanings in the same place at the same time', () => {
  const seen = new Map<string, string>();
  for (const { keys, places, action, applies } of BINDINGS) {
    // Bindings with a condition share a key with another one on purpose.
    if (applies !== undefined) continue;
    for (const place of places)
      for (const key of keys) {
        const id = `${place} ${key}`;
        assert.equal(seen.get(id), undefined, `${id}: ${seen.get(id)} and ${action}`);
        seen.set(id, action);
      }
  }
});

test('while writing, no key of the table is a printable character', () => {
  for (const { keys, places } of BINDINGS)
    if (places.includes('writing')) for (const key of keys) assert.notEqual([...key].length, 1, key);
});
