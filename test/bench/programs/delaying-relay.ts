/** A link over which every byte takes so long: `delaying-relay.ts TARGET_PORT DELAY_MS`. Bandwidth is not limited. */
import net, { type AddressInfo } from 'node:net';
import { beDriven } from './driven.ts';

/** On the way in one direction; a sender that is faster is made to wait. */
const ON_THE_WAY_MAX_BYTES = 256 * 1024 * 1024;
const [targetPort = '', delayMs = ''] = process.argv.slice(2);

function forward(from: net.Socket, to: net.Socket): void {
  const waiting: { readonly chunk: Buffer; readonly atMs: number }[] = [];
  let waitingBytes = 0;
  const release = (): void => {
    let first = waiting[0];
    while (first !== undefined && first.atMs <= performance.now()) {
      waiting.shift();
      waitingBytes -= first.chunk.length;
      to.write(first.chunk);
      first = waiting[0];
    }
    if (waitingBytes < ON_THE_WAY_MAX_BYTES) from.resume();
    if (first !== undefined) setTimeout(release, Math.max(1, first.atMs - performance.now()));
  };
  from.on('data', (chunk: Buffer) => {
    waiting.push({ chunk, atMs: performance.now() + Number(delayMs) });
    waitingBytes += chunk.length;
    if (waitingBytes >= ON_THE_WAY_MAX_BYTES) from.pause();
    if (waiting.length === 1) setTimeout(release, Number(delayMs));
  });
  // The end, too, takes its time.
  const end = (): void => void setTimeout(() => to.end(), Number(delayMs) + 1);
  from.on('error', () => from.destroy()).once('close', end);
}

const server = net.createServer((near) => {
  const far = net.connect(Number(targetPort), '127.0.0.1');
  for (const socket of [near, far]) socket.setNoDelay(true);
  forward(near, far);
  forward(far, near);
});
server.listen(0, '127.0.0.1');

beDriven({ port: () => (server.address() as AddressInfo).port });
