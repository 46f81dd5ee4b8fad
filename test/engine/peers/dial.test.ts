import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dialled, faultOf, randomList } from '../../helpers/simulated-dialling.ts';
import { seededRandom, simulatedWorld } from '../../helpers/simulated-world.ts';

const REFUSES = { answers: false, afterMs: 1 } as const;
const SILENT = { answers: 'never' } as const;
const ANSWERS = { answers: true, afterMs: 10, tls: { does: 'answer', afterMs: 30 } } as const;
const six = (index: number) => ({ address: `2001:db8::${index}`, family: 'IPv6' }) as const;
const four = (index: number) => ({ address: `192.0.2.${index}`, family: 'IPv4' }) as const;

test('1,000 hosts whose addresses refuse, are silent, late, or close in TLS: one that answers soon is connected in 4 s', async () => {
  const random = seededRandom(7);
  const lists = Array.from({ length: 1_000 }, () => randomList(random.fraction));
  const faults = await Promise.all(
    lists.map(async (list) => {
      const fault = faultOf(list, await dialled(list));
      return fault === undefined ? [] : [`${fault} ${JSON.stringify(list)}`];
    }),
  );
  assert.deepEqual(faults.flat().slice(0, 3), []);
});

test('a silent first address costs 250 ms, and the families take turns', async () => {
  const list = [
    { ...six(1), ...SILENT },
    { ...six(2), ...SILENT },
    { ...four(1), ...ANSWERS },
  ];
  const { openedAtMs, address } = await dialled(list);
  assert.equal(address, '192.0.2.1');
  assert.equal(openedAtMs, 250 + 10 + 30);
});

test('an address that fails is followed at once', async () => {
  const { openedAtMs } = await dialled([
    { ...six(1), ...REFUSES },
    { ...four(1), ...ANSWERS },
  ]);
  assert.equal(openedAtMs, 1 + 10 + 30);
});

test('a host that stalls in TLS keeps its turn for 2 s only, and is tried again when no other is left', async () => {
  const stalls = { answers: true, afterMs: 1, tls: { does: 'nothing', afterMs: 0 } } as const;
  const better = await dialled([
    { ...six(1), ...stalls },
    { ...four(1), ...ANSWERS },
  ]);
  assert.equal(better.address, '192.0.2.1');
  assert.ok((better.openedAtMs ?? 9_999) < 2_500, `${better.openedAtMs}`);
  const slow = { answers: true, afterMs: 1, tls: { does: 'answer', afterMs: 3_000 } } as const;
  const again = await dialled([
    { ...six(1), ...slow },
    { ...four(1), ...REFUSES },
  ]);
  assert.equal(again.address, '2001:db8::1');
});

test('the one whose certificate is wanted is found behind one with another', async () => {
  let asked = 0;
  const rejectionReason = async (): Promise<string | undefined> => {
    asked += 1;
    return asked === 1 ? 'this is another server' : undefined;
  };
  const list = [
    { ...six(1), ...ANSWERS },
    { ...four(1), ...ANSWERS },
  ];
  assert.equal((await dialled(list, { rejectionReason })).address, '192.0.2.1');
  const none = await dialled(list, { rejectionReason: async () => 'this is another server' });
  assert.equal(none.reason, '2001:db8::1, 192.0.2.1: this is another server');
});

test('an address that the resolver gives twice is tried once; the one that answered last goes first', async () => {
  const list = [
    { ...six(1), ...REFUSES },
    { ...six(1), ...REFUSES },
    { ...four(1), ...REFUSES },
  ];
  const { reason } = await dialled(list);
  assert.equal(
    reason,
    '2001:db8::1, 192.0.2.1: nothing listens there (connection refused): is aioc running, and is the port correct and open?',
  );
  const both = [
    { ...six(1), ...ANSWERS },
    { ...four(1), ...ANSWERS },
  ];
  assert.equal((await dialled(both, { preferred: '192.0.2.1' })).address, '192.0.2.1');
});

test('every address stands in the error with its own reason', async () => {
  const { reason } = await dialled(
    [
      { ...six(1), ...REFUSES },
      { ...four(1), ...SILENT },
      { address: 'fe80::1', family: 'IPv6', answers: true },
    ],
    { timeoutMs: 3_000 },
  );
  assert.match(
    reason ?? '',
    /2001:db8::1: nothing listens there .*; 192\.0\.2\.1: no answer: .*; fe80::1 is a link-local/,
  );
});

test('an unknown name and a silent name server give different errors within the deadline', async () => {
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
  for (const [code, words] of [
    ['ENOTFOUND', /unknown host name: check the spelling/],
    ['EAI_AGAIN', /could not be resolved now: is the network up/],
  ] as const) {
    const world = simulatedWorld(1, 1);
    world.network.onLookUp = failing(code);
    assert.match((await dialled([], { world })).reason ?? '', words);
  }
  const world = simulatedWorld(1, 1);
  world.network.onLookUp = () => new Promise(() => undefined);
  const { reason } = await dialled([], { world });
  assert.match(reason ?? '', /was not resolved in time: is the name server reachable/);
  assert.ok(world.clock.now() <= 6_000, `${world.clock.now()}`);
});

test('client_bind_ip: an address of the other family is left out, with the reason', async () => {
  const list = [
    { ...six(1), ...ANSWERS },
    { ...four(1), ...REFUSES },
  ];
  const { reason } = await dialled(list, { bindTo: '192.0.2.99' });
  assert.match(
    reason ?? '',
    /192\.0\.2\.1: nothing listens there .*; 2001:db8::1: client_bind_ip is 192\.0\.2\.99, which has no IPv6 address/,
  );
});

test('a link-local address without its interface, or with one that is not there, says which there are', async () => {
  const world = simulatedWorld(1, 1);
  world.network.ownInterfaces = { lo: [], wlan0: [] };
  const bare = await dialled([], { world, host: 'fe80::1' });
  assert.match(
    bare.reason ?? '',
    /fe80::1 is a link-local address .*fe80::1%wlan0: this machine has lo, wlan0/,
  );
  const wrong = await dialled([], { world, host: 'fe80::1%eth7' });
  assert.match(wrong.reason ?? '', /no network interface eth7 on this machine: this machine has lo, wlan0/);
});
