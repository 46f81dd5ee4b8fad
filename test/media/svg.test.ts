import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderSvg } from '../../media/svg.ts';
import { XtermScreen } from '../helpers/xterm-screen.ts';

async function drawn(bytes: string, columns = 20, rows = 2): Promise<string> {
  const screen = new XtermScreen(columns, rows);
  await screen.write(bytes);
  return renderSvg(screen.terminal, { title: 'a <title>' });
}

/** The texts of a picture without its title, each with what is said about it. */
function textsOf(svg: string): string[] {
  return [
    ...svg.matchAll(
      /<text x="[^"]*" y="[^"]*" textLength="([^"]*)"[^>]*?(?: class="(\w+)")?(?: style="fill:([^"]*)")?>([^<]*)/g,
    ),
  ].map(([, length, style = '', colour = '', text]) => [text, length, style, colour].join(' ').trim());
}

test('a picture is well-formed, needs nothing else, and says its title', async () => {
  const svg = await drawn('a < b & "c"');
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 196\.6 84"/);
  assert.match(svg, /<title>a &#60;title&#62;<\/title>/);
  assert.match(svg, />a &#60; b &#38; &#34;c&#34;</);
  assert.doesNotMatch(svg, /href|url\(|script|@import/);
  const opened = svg.match(/<[a-z]+[^>]*[^/]>/g)?.length;
  assert.equal(opened, svg.match(/<\/[a-z]+>/g)?.length);
});

test('each span of one style is one text of a fixed length', async () => {
  const svg = await drawn('plain two \x1b[1mbold\x1b[0m \x1b[31mred\x1b[0m   far', 30);
  assert.deepEqual(textsOf(svg), ['plain two 75.87', 'bold 33.72 b', 'red 25.29  #e5737d', 'far 25.29']);
});

test('colours of all three palettes, dim and inverse come out', async () => {
  const svg = await drawn(
    '\x1b[38;5;196ma\x1b[38;5;244mb\x1b[38;2;1;2;3mc\x1b[0;2md\x1b[0;7;32me\x1b[0m',
    20,
  );
  assert.deepEqual(textsOf(svg), [
    'a 8.43  #ff0000',
    'b 8.43  #808080',
    'c 8.43  #010203',
    'd 8.43  #7e8189',
    'e 8.43  #12151c',
  ]);
  assert.match(svg, /<rect [^>]*width="8\.73" height="18\.3" fill="#8fc97f"\/>/);
});

test('a wide character has two columns, and what follows keeps its place', async () => {
  const svg = await drawn('漢x');
  assert.deepEqual(textsOf(svg), ['漢 16.86', 'x 8.43']);
  assert.match(svg, /<text x="30\.86"[^>]*>x</);
});

test('frames and bars are shapes, not letters', async () => {
  const svg = await drawn('╭────╮\r\n│▂▂ █│');
  assert.deepEqual(textsOf(svg), []);
  // The four dashes are one line from edge to edge; the corners end where they begin.
  assert.match(svg, /L22\.43 43M39\.29 43L56\.15 43"/);
  assert.equal(svg.match(/<path /g)?.length, 5);
});

test('underlined and hidden text', async () => {
  const svg = await drawn('\x1b[4mone two\x1b[0m \x1b[8msecret\x1b[0m');
  assert.match(svg, /<rect x="14" [^>]*width="59\.01" height="1" /);
  assert.doesNotMatch(svg, /secret/);
});
