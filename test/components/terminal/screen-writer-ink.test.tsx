import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { Box, render, Text } from 'ink';
import { useLayoutEffect } from 'react';
import { ScreenWriter } from '../../../components/terminal/screen-writer.ts';
import { ManualClock } from '../../helpers/terminal-clock.ts';
import { XtermScreen } from '../../helpers/xterm-screen.ts';

class FakeOutput extends EventEmitter {
  columns = 30;
  rows = 4;
  readonly written: string[] = [];

  write(text: string): boolean {
    this.written.push(text);
    return true;
  }
}

function App(props: { writer: ScreenWriter; line: string }) {
  const { writer, line } = props;
  useLayoutEffect(() => writer.setCursor({ row: 1, column: line.length + 1 }), [writer, line]);
  return (
    <Box borderStyle="round" width={writer.columns} height={writer.rows}>
      <Text>{line}</Text>
    </Box>
  );
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test('an Ink app draws through the writer, a frame and its cursor in one paint, and nothing at its end', async () => {
  const output = new FakeOutput();
  const clock = new ManualClock();
  const writer = new ScreenWriter({ output, clock });
  const screen = new XtermScreen(30, 4);
  const app = render(<App writer={writer} line="hallo" />, {
    stdout: writer.asInkStdout(),
    debug: true,
    patchConsole: false,
    exitOnCtrlC: false,
  });
  await settled();
  assert.equal(output.written.length, 1);
  clock.run(10);
  app.rerender(<App writer={writer} line="hallo 日本" />);
  await settled();
  assert.equal(output.written.length, 2);
  for (const bytes of output.written.splice(0)) await screen.write(bytes);
  assert.deepEqual(screen.rows(), [
    `╭${'─'.repeat(28)}╮`,
    `│hallo 日本${' '.repeat(18)}│`,
    `│${' '.repeat(28)}│`,
    `╰${'─'.repeat(28)}╯`,
  ]);
  assert.deepEqual(screen.cursor, { row: 1, column: 9 });
  clock.run(10);
  app.rerender(<App writer={writer} line="hallo 日本" />);
  app.unmount();
  await app.waitUntilExit();
  clock.run(100);
  await settled();
  assert.deepEqual(output.written, []);
});
