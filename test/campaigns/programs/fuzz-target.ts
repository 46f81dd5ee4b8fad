/**
 * A connector that is fuzzed, in a process of its own: it sends its place to its parent, and says what ran when it is
 * asked. `MODE DIRECTORY`
 */
import { LIMITS } from '../../../engine/base/limits.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { realNetwork } from '../../../engine/peers/network.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import type { Mode } from '../../helpers/configured-connectors.ts';
import { Coverage } from '../fuzz/coverage.ts';
import { startTarget } from '../fuzz/target.ts';

const [mode, directory = ''] = process.argv.slice(2) as [Mode, string?];
/** These bounds are what `campaign:flood` is about; here they would only make it slow. */
Object.assign(LIMITS, {
  handshakesPerSecond: 1e6,
  handshakeBurst: 1e6,
  handshakesPerSecondAndAddress: 1e6,
  handshakeBurstPerAddress: 1e6,
});
const coverage = new Coverage();
await coverage.start();
const place = await startTarget({ after: () => undefined }, mode, directory);
/** Only the part of a server that reads a ClientHello, without its queues. */
const bare = await realNetwork().listen({
  host: '127.0.0.1',
  port: 0,
  tls: await makeDirectoryCertificate('fuzz', { random: realRandomness(), wallNowMs: Date.now() }),
  onConnection: (connection) =>
    connection.listen({
      onTcpOpen: () => undefined,
      onOpen: () => connection.destroy(),
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: () => undefined,
    }),
});
process.on('message', (request) => {
  // What is measured is the memory that it keeps.
  globalThis.gc?.();
  if (request === 'coverage') void coverage.take().then(() => process.send?.({ kind: 'taken' }));
  else void coverage.take().then(() => process.send?.({ kind: 'files', files: coverage.files(['engine/']) }));
});
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'place', place, helloPort: bare.port });
