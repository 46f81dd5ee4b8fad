/**
 * Stores messages for a server that is away, and lets it come: `npm run campaign:stored-backlog -- [MESSAGES]`. Says what
 * came of them, how fast, and what memory both daemons took.
 */
import { waitFor } from '../helpers/wait-for.ts';
import { Heard, StoredPair, sendNumbers } from './stored-pair.ts';

const messages = Number(process.argv[2] ?? 1_000_000);
const MEMORY_MB = 150;
const pair = await StoredPair.make();
const heard = new Heard();
const seconds = (sinceMs: number): number => (performance.now() - sinceMs) / 1000;
try {
  await pair.start('client');
  const atStart = pair.memoryMb('client', 'VmRSS');
  let since = performance.now();
  const { stored } = await sendNumbers(await pair.program('client'), {
    from: 0,
    count: messages,
    data: '.'.repeat(90),
  });
  console.log(`stored ${stored.length} in ${seconds(since).toFixed(0)} s`);
  const whileStoring = pair.memoryMb('client', 'VmHWM');
  await pair.kill('client');
  since = performance.now();
  await pair.start('client');
  console.log(`the client is up again after ${seconds(since).toFixed(1)} s`);
  const again = pair.memoryMb('client', 'VmHWM');
  const listening = await pair.program('server');
  await listening.listen('any', (message) => heard.take(Number(message.text().split(' ')[0])));
  since = performance.now();
  await pair.start('server');
  await waitFor(() => heard.first.size >= stored.length, { what: 'all of them', timeoutMs: 1_200_000 });
  const rate = stored.length / seconds(since);
  const memory = {
    'client at its start': atStart,
    'client while a program hands messages in as fast as it can': whileStoring,
    'client at its second start': again,
    'client during the replay': pair.memoryMb('client', 'VmHWM'),
    'client after it': pair.memoryMb('client', 'VmRSS'),
    'server during it': pair.memoryMb('server', 'VmHWM'),
    'server after it': pair.memoryMb('server', 'VmRSS'),
  };
  console.log(
    `replayed at ${rate.toFixed(0)} a second: ${heard.missing(stored)} lost, ${heard.late} out of order, ${heard.repeats} repeats`,
  );
  for (const [when, megabytes] of Object.entries(memory)) console.log(`  ${megabytes.toFixed(0)} MB ${when}`);
  const fits = Object.values(memory).every((megabytes) => megabytes < MEMORY_MB);
  if (heard.missing(stored) + heard.late + heard.repeats > 0 || !fits) process.exitCode = 1;
} finally {
  pair.end();
}
process.exit();
