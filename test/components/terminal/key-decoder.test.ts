import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type InputEvent, KeyDecoder, PASTE_MAX_BYTES } from '../../../components/terminal/key-decoder.ts';
import { ManualClock } from '../../helpers/terminal-clock.ts';

function setUp() {
  const clock = new ManualClock();
  const events: InputEvent[] = [];
  const decoder = new KeyDecoder({ clock, onEvent: (event) => events.push(event) });
  return { clock, events, decoder };
}

function written(event: InputEvent): string {
  if (event.kind === 'mouse') return `${event.button}@${event.row},${event.column}`;
  if (event.kind === 'paste') return `paste(${event.text}${event.truncated ? '…' : ''})`;
  const modifiers = `${event.ctrl ? 'ctrl-' : ''}${event.alt ? 'alt-' : ''}${event.shift ? 'shift-' : ''}`;
  return `${modifiers}${event.name}${event.text === undefined ? '' : `=${event.text}`}`;
}

/** The keys of these chunks, one read each. */
function keys(...chunks: (string | Buffer)[]): string {
  const { clock, events, decoder } = setUp();
  for (const chunk of chunks) decoder.write(chunk);
  clock.run(1000);
  return events.map(written).join(' ');
}

test('many keys in one read are many keys, and text with Enter is both', () => {
  assert.equal(keys('ab\r'), 'a=a b=b enter');
  assert.equal(keys('a\r\nb\n'), 'a=a enter b=b enter');
  assert.equal(keys('\x1b[A\x1b[Bq'), 'up down q=q');
});

test('controls', () => {
  assert.equal(keys('\x03\x01\x17\x1f\x1a\x00'), 'ctrl-c ctrl-a ctrl-w ctrl-_ ctrl-z ctrl- ');
  assert.equal(keys('\t\x7f\x08'), 'tab backspace backspace');
});

test('the mouse in SGR form is a press of a button or the wheel; releases, moves and cut reports are nothing', () => {
  assert.equal(keys('\x1b[<0;5;3M\x1b[<0;5;3m'), 'left@2,4');
  assert.equal(keys('\x1b[<64;500;300Mq\x1b[<65;1;1M'), 'wheel-up@299,499 q=q wheel-down@0,0');
  assert.equal(keys('\x1b[<35;5;3M\x1b[<2;5;3M\x1b[<0;5M\x1b[<;;M'), '');
});

test('named keys in every dialect, with their modifiers', () => {
  assert.equal(
    keys('\x1b[A\x1bOA\x1b[1;5C\x1b[1;2D\x1b[1;3B\x1b[Z'),
    'up up ctrl-right shift-left alt-down shift-tab',
  );
  assert.equal(keys('\x1b[H\x1b[F\x1bOH\x1b[1~\x1b[4~\x1b[7~\x1b[8~'), 'home end home home end home end');
  assert.equal(keys('\x1b[2~\x1b[3~\x1b[5~\x1b[6~\x1b[3;5~'), 'insert delete pageup pagedown ctrl-delete');
  assert.equal(keys('\x1bOP\x1bOS\x1b[15~\x1b[24~\x1b[[A\x1b[[E\x1b[1;2P'), 'f1 f4 f5 f12 f1 f5 shift-f1');
  assert.equal(keys('\x1b[a\x1bOc\x1b[5^\x1b\x1b[A'), 'shift-up ctrl-right ctrl-pageup alt-up');
  assert.equal(keys('\x1b[13;5u\x1b[97;3u\x1b[97u\x1b[27;5;105~'), 'ctrl-enter alt-a a=a ctrl-i');
});

test('Alt is an ESC before the key', () => {
  assert.equal(keys('\x1bx\x1b1\x1b\x7f\x1b\r\x1bB'), 'alt-x alt-1 alt-backspace alt-enter alt-B');
  assert.equal(keys('\x1b['), 'alt-[');
  assert.equal(keys('\x1bO'), 'alt-O');
  assert.equal(keys('\x1bP'), 'alt-P');
});

test('a lone ESC is a key after 40 ms, unless the rest of a sequence comes first', () => {
  const { clock, events, decoder } = setUp();
  decoder.write('\x1b');
  clock.run(39);
  assert.equal(events.length, 0);
  clock.run(1);
  assert.deepEqual(events.map(written), ['escape']);
  decoder.write('\x1b');
  clock.run(20);
  decoder.write('[');
  clock.run(20);
  decoder.write('A');
  clock.run(100);
  assert.deepEqual(events.map(written), ['escape', 'up']);
  assert.equal(keys('\x1b\x1b'), 'escape escape');
});

test('characters may be split anywhere, and what is no UTF-8 is no text', () => {
  const bytes = Buffer.from('é日👍');
  assert.equal(keys(...Array.from(bytes, (byte) => Buffer.from([byte]))), 'é=é 日=日 👍=👍');
  assert.equal(keys(Buffer.from([0xff, 0x61])), 'a=a');
});

test('sequences that are no keys are swallowed whole', () => {
  for (const swallowed of [
    '\x1b[<35;10;5M',
    '\x1b[M !!',
    '\x1b[?1;2c',
    '\x1b[12;40R',
    '\x1b[I',
    '\x1b[99~',
    '\x1b]11;rgb:0000/0000/0000\x07',
    '\x1b]11;rgb:0000/0000/0000\x1b\\',
    '\x1bP>|xterm\x1b\\',
    '\x1b_Gi=1;OK\x1b\\',
    `\x1b[${'1;'.repeat(10_000)}~`,
  ])
    assert.equal(keys(`${swallowed}x`), 'x=x', JSON.stringify(swallowed.slice(0, 40)));
});

test('Ctrl-C works in the middle of anything but a paste', () => {
  assert.equal(keys('\x1b[1;\x03'), 'ctrl-c');
  assert.equal(keys('\x1b]0;tit\x03'), 'ctrl-c');
});

test('a paste is one event, with its line ends made one kind, wherever it is split', () => {
  const text = '\x1b[200~one\rtwo\r\nthree \x1b[A\x1b[201~z';
  for (let at = 0; at <= text.length; at += 1)
    assert.equal(
      keys(text.slice(0, at), text.slice(at)),
      'paste(one\ntwo\nthree \x1b[A) z=z',
      `split at ${at}`,
    );
});

// Time that grows faster than the text would end this file by its deadline.
test('ten megabytes of paste are cut to the bound', () => {
  const { events, decoder } = setUp();
  decoder.write('\x1b[200~');
  const chunk = Buffer.from('é'.repeat(2048));
  for (let count = 0; count < 2560; count += 1) decoder.write(chunk);
  decoder.write('\x1b[201~\r');
  const [paste, enter] = events;
  assert.ok(paste?.kind === 'paste' && paste.truncated);
  assert.equal(Buffer.byteLength(paste.text), PASTE_MAX_BYTES);
  assert.ok(enter?.kind === 'key' && enter.name === 'enter');
});

test('without brackets much text in one read is a paste all the same', () => {
  assert.equal(keys(`${'x'.repeat(100)}\r`), `paste(${'x'.repeat(100)}) enter`);
});

test('a paste that is never closed ends by itself', () => {
  const { clock, events, decoder } = setUp();
  decoder.write('\x1b[200~lost');
  clock.run(5000);
  decoder.write('q');
  assert.deepEqual(events.map(written), ['paste(lost)', 'q=q']);
});

test('whatever comes, no control ever becomes the text of a key, and where it is split does not matter', () => {
  const part = fc.constantFrom(
    '\x1b',
    '[',
    'O',
    '1',
    ';',
    '5',
    '~',
    'A',
    'M',
    'a',
    'é',
    '👍',
    '\r',
    '\x03',
    '200~',
    '\x1b[201~',
    '<',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.nat(100), (parts, cut) => {
      const bytes = Buffer.from(parts.join(''));
      const at = Math.min(cut, bytes.length);
      const whole = setUp();
      whole.decoder.write(bytes);
      whole.clock.run(10_000);
      const split = setUp();
      split.decoder.write(bytes.subarray(0, at));
      split.decoder.write(bytes.subarray(at));
      split.clock.run(10_000);
      for (const event of whole.events)
        if (event.kind === 'key') assert.doesNotMatch(event.text ?? '', /[\x00-\x1f\x7f-\x9f]/);
      // CR LF over two reads is two Enters at worst, and there is no LF here.
      assert.deepEqual(split.events.map(written), whole.events.map(written));
    }),
    { numRuns: 5_000 },
  );
});

test('the answer of the terminal is reported, wherever the network cuts it, and is no key', () => {
  for (const end of ['\x1b\\', '\x07']) {
    const answer = `\x1b]11;rgb:1515/1818/1e1e${end}`;
    for (let cut = 1; cut < answer.length; cut += 1) {
      const clock = new ManualClock();
      const events: InputEvent[] = [];
      const reports: string[] = [];
      const decoder = new KeyDecoder({
        clock,
        onEvent: (event) => events.push(event),
        onReport: (text) => reports.push(text),
      });
      decoder.expectReport();
      decoder.write(`a${answer.slice(0, cut)}`);
      clock.run(100);
      decoder.write(`${answer.slice(cut)}b`);
      clock.run(2000);
      assert.equal(events.map(written).join(' '), 'a=a b=b', `cut at ${cut}`);
      assert.deepEqual(reports, ['11;rgb:1515/1818/1e1e']);
    }
  }
});

test('Esc is slow only while an answer of the terminal may come, at most for a second', () => {
  const { clock, events, decoder } = setUp();
  decoder.expectReport();
  clock.run(1001);
  decoder.write('\x1b');
  clock.run(41);
  assert.equal(events.map(written).join(' '), 'escape');
});
