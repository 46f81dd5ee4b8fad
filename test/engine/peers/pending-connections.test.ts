import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../../engine/base/limits.ts';
import { PendingConnections } from '../../../engine/peers/pending-connections.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { runs } from '../../helpers/runs.ts';

class SomeConnection {
  readonly remoteAddress: string;
  readonly atMs: number;
  startedAtMs: number | undefined;
  isClosed = false;

  constructor(remoteAddress: string, atMs: number) {
    this.remoteAddress = remoteAddress;
    this.atMs = atMs;
  }
}

class Server {
  readonly clock = new FakeClock(0);
  readonly pending = new PendingConnections<SomeConnection>({
    clock: this.clock,
    onEvicted: (connection) => {
      connection.isClosed = true;
    },
  });

  /** A client that says its ClientHello at once. */
  connect(address: string): SomeConnection {
    const connection = this.open(address);
    this.pending.onClientHello(connection, () => {
      connection.startedAtMs = this.clock.now();
    });
    return connection;
  }

  /** A client that says nothing. */
  open(address: string): SomeConnection {
    const connection = new SomeConnection(address, this.clock.now());
    this.pending.add(connection);
    return connection;
  }

  /** It is identified, and known from now on. */
  letIn(connection: SomeConnection): void {
    this.pending.delete(connection);
    this.pending.remember(connection, undefined);
  }
}

test('idle connections of one address, or of ten, cost a client of another one neither place nor time', () => {
  for (const addresses of [1, 10]) {
    const server = new Server();
    const open = (): void => {
      for (let number = 0; number < 600; number += 1) server.open(`10.0.${number % addresses}.1`);
    };
    open();
    const client = server.connect('192.0.2.1');
    for (let times = 0; times < 10; times += 1) open();
    assert.equal(client.startedAtMs, 0);
    assert.equal(client.isClosed, false);
    assert.equal(server.pending.size, LIMITS.pendingConnections);
  }
});

test('a client among the idle connections of its own address is not refused for those before it', () => {
  const server = new Server();
  for (let number = 0; number < 2_000; number += 1) server.open('10.0.0.1');
  const client = server.connect('10.0.0.1');
  assert.equal(client.startedAtMs, 0);
  for (let number = 0; number < LIMITS.pendingConnections - 1; number += 1) server.open('10.0.0.1');
  assert.equal(client.isClosed, false);
});

test('more addresses than places: a client that was let in before is not pushed out, and handshakes at once', () => {
  const server = new Server();
  server.letIn(server.connect('192.0.2.1'));
  server.clock.advance(1_000);
  const flood = (): void => {
    for (let number = 0; number < 3_000; number += 1)
      server.connect(`10.${number % 250}.${Math.floor(number / 250)}.1`);
  };
  flood();
  const client = server.connect('192.0.2.1');
  flood();
  assert.equal(client.isClosed, false);
  assert.equal(client.startedAtMs, server.clock.now());
});

test('handshakes are started at the rate, and an address that asks for few waits for nobody', () => {
  const address = fc.integer({ min: 1, max: 3 }).map((number) => `10.0.${number}.1`);
  fc.assert(
    fc.property(fc.array(address, { minLength: 1, maxLength: 40 }), fc.nat(900), (greedy, afterMs) => {
      const server = new Server();
      const all: SomeConnection[] = [];
      // Each sends a hundred at once, ten times a second: at least ten times its share.
      for (let times = 0; times < 10; times += 1) {
        for (const from of new Set(greedy))
          for (let number = 0; number < 100; number += 1) all.push(server.connect(from));
        server.clock.advance(100);
      }
      server.clock.advance(afterMs);
      const client = server.connect('192.0.2.1');
      server.clock.advance(100);
      assert.ok(client.startedAtMs !== undefined, 'within 100 ms');
      const started = all.filter(({ startedAtMs }) => startedAtMs !== undefined).length;
      const seconds = server.clock.now() / 1000;
      assert.ok(started <= LIMITS.handshakeBurst + seconds * LIMITS.handshakesPerSecond + 1, `${started}`);
      const [first] = greedy;
      const ofFirst = all.filter((one) => one.remoteAddress === first && one.startedAtMs !== undefined);
      const most = LIMITS.handshakeBurstPerAddress + seconds * LIMITS.handshakesPerSecondAndAddress + 1;
      assert.ok(ofFirst.length <= most, `${ofFirst.length} of one address`);
    }),
    { numRuns: runs(20) },
  );
});

test('whoever waits for a handshake gets it, in the end, in order of arrival at its address', () => {
  const server = new Server();
  const waiting = Array.from({ length: 400 }, () => server.connect('10.0.0.1'));
  server.clock.advance(3_000);
  const times = waiting.map(({ startedAtMs }) => startedAtMs);
  assert.ok(times.every((time) => time !== undefined));
  assert.deepEqual(
    times,
    [...times].sort((a = 0, b = 0) => a - b),
  );
});

test('a connection that ends while it waits takes no turn', () => {
  const server = new Server();
  const waiting = Array.from({ length: 300 }, () => server.connect('10.0.0.1'));
  const unstarted = waiting.filter(({ startedAtMs }) => startedAtMs === undefined);
  assert.ok(unstarted.length > 0);
  for (const connection of unstarted) server.pending.delete(connection);
  server.clock.advance(5_000);
  assert.ok(unstarted.every(({ startedAtMs }) => startedAtMs === undefined));
  assert.equal(server.pending.size, 300 - unstarted.length);
});
