import assert from 'node:assert/strict';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import { realNetwork } from '../../../engine/peers/network.ts';

/** Notes each call of a method of all sockets. */
function callsOf(t: TestContext, method: 'setNoDelay' | 'setKeepAlive'): unknown[] {
  const calls: unknown[] = [];
  const original = net.Socket.prototype[method];
  net.Socket.prototype[method] = function (this: net.Socket, ...words: unknown[]) {
    calls.push(words[0]);
    return Reflect.apply(original, this, words);
  } as never;
  t.after(() => {
    net.Socket.prototype[method] = original;
  });
  return calls;
}

test('small frames of a client leave at once, and a dead server is noticed', async (t) => {
  const [noDelay, keepAlive] = [callsOf(t, 'setNoDelay'), callsOf(t, 'setKeepAlive')];
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  await new Promise<void>((resolve) => {
    realNetwork().connect({ address: '127.0.0.1', port }, (result) => {
      if ('destroy' in result) t.after(() => result.destroy());
      resolve();
    });
  });
  assert.deepEqual([noDelay, keepAlive], [[true], [true]]);
});
