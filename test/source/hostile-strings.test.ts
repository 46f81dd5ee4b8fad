import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { linearText } from '../../components/accessible/linear-text.ts';
import { LinearOutput } from '../../components/terminal/linear-output.ts';
import { sanitize, sanitizeLines } from '../../components/terminal/sanitize.ts';
import { plain } from '../../components/widgets/line.ts';
import { AiocError } from '../../engine/base/errors.ts';
import type { LogRow } from '../../engine/contract/views.ts';
import type { ReceivedMessage } from '../../engine/index.ts';
import { parseCommandLine } from '../../source/arguments.ts';
import { failureText } from '../../source/command-failure.ts';
import { resultText } from '../../source/commands/cli.ts';
import { type ConnectorStatus, statusText } from '../../source/commands/status.ts';
import { followLog, type LogSource } from '../../source/commands/tail.ts';
import { harmless, jsonPage } from '../../source/harmless.ts';
import { lineOfMessage } from '../../source/message-lines.ts';
import { OutputLines } from '../../source/output-lines.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { controlIn, hostileString } from '../helpers/hostile-strings.ts';
import { openLines } from '../helpers/lines.tsx';
import { runs } from '../helpers/runs.ts';
import { busyEngine, sampleChat, sampleLog, samplePeer, sampleQueue } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';
import { seededRandom } from '../helpers/simulated-world.ts';

/** In `npm test`; in `npm run campaign:hostile-strings` 25 times as many, twice, since a file of tests gets five minutes. */
const STRINGS = runs(2_000);
/** On one screen, one after the other. */
const AT_ONCE = 40;
const random = seededRandom(Number(process.env['AIOC_TEST_SEED'] ?? 1));
const TEXTS = Array.from({ length: STRINGS }, () => hostileString(() => random.fraction()));

/** Whole lines of these commands, each of which ends. */
function assertLines(written: string, what: string): void {
  assert.ok(written.endsWith('\n'), what);
  const bad = written
    .split('\n')
    .map(controlIn)
    .find((one) => one !== undefined);
  assert.equal(bad, undefined, what);
}

/** What is said of a command line, or of an error that quotes a text. */
function failureOf(words: readonly string[]): string | undefined {
  try {
    parseCommandLine(words);
    return undefined;
  } catch (error) {
    return failureText(error);
  }
}

test('no argument of our own reaches the terminal as a control character in an error message', () => {
  let refused = 0;
  for (const [index, text] of TEXTS.entries()) {
    const lines = [
      [text],
      ['chat', text],
      [`--${text}`],
      ['--port', text],
      ['--target', text],
      ['--name', text],
      ['attach', 'one', text],
      ['config', text, text],
      ['listen', '--count', text],
      ['--theme', text],
    ];
    // Each place gets three texts of ten.
    for (const words of [0, 3, 7].map((step) => lines[(index + step) % lines.length] ?? [])) {
      const said = failureOf(words);
      if (said === undefined) continue;
      refused += 1;
      assertLines(said, JSON.stringify(words));
    }
    assertLines(failureText(new AiocError('AIOC_CONFIG', `${text}: cannot be read: ${text}`)), text);
    // Node makes a stack for each, which takes long.
    if (index % 20 === 0) assertLines(failureText(new Error(text)), text);
  }
  assert.ok(refused > STRINGS);
});

test('an error of one line stays one line, whatever it quotes', () => {
  assert.equal(
    failureOf(['a\nfake']),
    'aioc: unknown command "a\\x0afake" (configuration files end in .json); see aioc --help [AIOC_USAGE]\n',
  );
  const choices = new AiocError('AIOC_USAGE', 'which one?\n  one\n  two');
  assert.equal(failureText(choices), 'aioc: which one?\n  one\n  two [AIOC_USAGE]\n');
});

function statusOf(text: string): ConnectorStatus {
  return {
    ...{ directory: text, connector: `${text}.json`, alive: true, phase: 'retrying', address: text },
    ...{ reason: text, since: '2026-01-01T00:00:00.000Z', peers: { [text]: [text, 1] } },
    away: [{ name: text, state: text, since: text, toSend: 1 }],
    ...{ warnings: { [text]: text }, received: 1, toSend: { [text]: 1 }, ignored: [text], problem: text },
    queues: [],
  } as ConnectorStatus;
}

test('status, cli and JSON pages write no control character of a peer', () => {
  for (const text of TEXTS) {
    assertLines(`${statusText([statusOf(text)], [text])}\n`, text);
    assertLines(`${statusText([], [text])}\n`, text);
    assertLines(`${jsonPage([statusOf(text)])}\n`, text);
    for (const json of [true, false]) {
      assertLines(`${resultText({ [text]: [text] }, json)}\n`, text);
      assertLines(`${resultText(text, json)}\n`, text);
    }
    assert.equal(JSON.parse(jsonPage(text)), text);
    assertLines(harmless(`${text.replaceAll('\n', ' ')}\n`), text);
  }
});

test('listen writes each message as a line of JSON without control characters', () => {
  for (const text of TEXTS) {
    const header = { destination_id: text, request_id: text, tag: text, message_type: text };
    const message = { messageType: text, sourceId: text, header, withFile: { dst_name: text } };
    for (const data of [Buffer.from(text), Buffer.from(text, 'latin1')])
      assertLines(`${lineOfMessage({ ...message, data } as unknown as ReceivedMessage)}\n`, text);
  }
});

test('tail writes each row as a line without control characters, for people and for programs', async () => {
  const rows = TEXTS.map((text, index): LogRow => {
    const named = { peerName: text, type: text, text, reason: text };
    return sampleLog(index + 1, { ...named, kind: index % 2 === 0 ? 'event' : 'file' });
  });
  for (const json of [true, false]) {
    let written = '';
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      written += chunk.toString();
      done();
    };
    const counts = { total: rows.length, matched: rows.length, newer: 0, older: 0, forgotten: 0 };
    const engine: LogSource = {
      onClose: () => undefined,
      open: (_view, onUpdate) => {
        queueMicrotask(() => onUpdate({ pane: 'log', ...counts, rows }));
        return { change: () => undefined, close: () => undefined };
      },
    };
    const options = { directories: [], json, filter: '', count: rows.length };
    await followLog(engine, options, new OutputLines(new Writable({ write })));
    assertLines(written, `json ${json}`);
    assert.equal(written.split('\n').length, rows.length + 1);
  }
});

test('a sanitized text has no control character, on a screen and in the lines for a screen reader', () => {
  let written = '';
  const output = new LinearOutput((text) => {
    written += text;
  });
  for (const text of TEXTS) {
    for (const line of [sanitize(text), ...sanitizeLines(text)])
      assert.equal(controlIn(line), undefined, text);
    for (const place of ['header', 'peers', 'queues', 'log', 'chat', 'dialog', 'footer'] as const)
      assert.equal(controlIn(linearText([plain(sanitize(text))], place)), undefined, text);
    written = '';
    // As if somebody had forgotten to sanitize it.
    output.say([plain(text).text]);
    assertLines(written, text);
  }
});

test('hostile names, lines, file names and reasons reach a screen, and the lines for a screen reader, only as text', async (t) => {
  const [engine, other] = [new FakeEngine(busyEngine()), new FakeEngine(busyEngine())];
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  const lines = await openLines({ engine: other });
  t.after(() => lines.close());
  for (let from = 0; from < TEXTS.length; from += AT_ONCE) {
    const texts = TEXTS.slice(from, from + AT_ONCE);
    const text = (index: number): string => texts[index % texts.length] ?? '';
    for (const one of [engine, other])
      one.change((data) => {
        data.peers = [0, 1, 2, 3, 4].map((index) =>
          samplePeer(`client${index}`, {
            ...{ name: text(index), address: text(index + 5), wireName: text(index) },
            ...(index > 2 && { state: 'refused', reason: text(index + 10) }),
          }),
        );
        const blocked = { code: 'away', text: text(16), remedy: { text: text(17) } } as const;
        data.queues = [sampleQueue(`q${from}`, { peerName: text(14), type: text(15), depth: 3, blocked })];
        data.log = [0, 1, 2, 3].map((index) =>
          sampleLog(from + index + 1, {
            peerName: text(18 + index),
            type: text(22 + index),
            text: text(26 + index),
          }),
        );
        const transfer = { phase: 'failed', doneBytes: 1, totalBytes: 2, bytesPerSecond: 1 } as const;
        data.chats = {
          client1: [
            sampleChat(from + 1, { author: text(30), text: text(31) }),
            sampleChat(from + 2, { text: text(32), transfer: { ...transfer, detail: text(33) } }),
            sampleChat(from + 3, {
              ...{ from: 'here', text: text(34) },
              shell: { running: false, exitCode: 0, lines: [text(35), text(36)], droppedLines: 0 },
            }),
          ],
        };
        data.status = { ...data.status, address: text(37), receivedDirectory: text(38) };
      });
    const before = [screen.bytes.length, lines.bytes.length] as const;
    await screen.settle();
    await lines.settle();
    const own = screen.bytes.slice(before[0]).replace(/\x1b\[(?:\?(?:7|25|2026)[hl]|[0-9;]*[mHGKXJ])/g, '');
    assert.equal(controlIn(own), undefined);
    assert.equal(controlIn(lines.bytes.slice(before[1]).replaceAll('\n', '')), undefined);
  }
});
