/**
 * A small full-screen program for the harness's own tests: it shows what it reads, byte by byte, and its size.
 * `q` leaves in order, `s` leaves a synchronized update open for a moment, `c` ends it in disorder.
 */
const RESTORE = '\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';

const write = (text: string): boolean => process.stdout.write(text);
const at = (row: number, text: string): boolean => write(`\x1b[${row};1H\x1b[K${text}`);

function showSize(): void {
  at(2, `size ${process.stdout.columns}x${process.stdout.rows}`);
}

// Before anything is shown: who sees the screen may type at once.
process.stdin.setRawMode(true);
write('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h');
at(1, `ready 漢字 ${process.env['GREETING'] ?? 'hello'}`);
showSize();
at(4, `CI ${process.env['CI'] ?? 'unset'} HOME ${process.env['HOME']}`);
process.stdout.on('resize', showSize);
let count = 0;
process.stdin.on('data', (bytes: Buffer) => {
  const text = bytes.toString();
  count += text.length;
  if (text === 'q') {
    write(`${RESTORE}bye\r\n`);
    process.exit(3);
  } else if (text === 'c') {
    process.kill(process.pid, 'SIGKILL');
  } else if (text === 's') {
    write('\x1b[?2026h');
    at(5, 'half');
    setTimeout(() => at(6, 'whole') && write('\x1b[?2026l'), 200);
  } else if (text === '?') {
    // The terminal answers with a cursor report, which comes back as input.
    write('\x1b[3;7H\x1b[6n');
  } else {
    at(3, `got ${JSON.stringify(text).slice(0, 60)} of ${count}`);
  }
});
