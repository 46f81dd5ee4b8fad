import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultRoute, rankedAddresses } from '../../engine/connector/reachable-addresses.ts';
import { startCommand } from '../../source/start-command.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { FakeLocal } from '../helpers/fake-local.ts';
import { busyEngine, emptyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

test('the line for the other machine begins as this aioc was started', async (t) => {
  for (const [started, line] of [
    ['aioc', 'aioc --target 192.168.1.20'],
    ['npm start --', 'npm start -- --target 192.168.1.20'],
    ['npx aioc', 'npx aioc --target 192.168.1.20'],
  ] as const) {
    const local = new FakeLocal();
    local.startCommand = started;
    const screen = await openScreen({ engine: new FakeEngine(emptyEngine()), local, rows: 24, columns: 80 });
    t.after(() => screen.close());
    assert.ok(
      screen.rows().some((row) => new RegExp(`[│ ] *${line} *│`).test(row)),
      screen.text(),
    );
  }
});

test('npm and npx are recognised by what they set, and a shell below another script is not', () => {
  assert.equal(startCommand({ npm_lifecycle_event: 'start', npm_package_name: 'aioc' }), 'npm start --');
  assert.equal(startCommand({ npm_lifecycle_event: 'npx', npm_package_name: 'shop' }), 'npx aioc');
  assert.equal(startCommand({ npm_lifecycle_event: 'start', npm_package_name: 'shop' }), 'aioc');
  assert.equal(startCommand({ npm_lifecycle_event: 'test:files', npm_package_name: 'aioc' }), 'aioc');
  assert.equal(startCommand({}), 'aioc');
});

test('A shows the next of the addresses of this machine, and the first after the last', async (t) => {
  const engine = new FakeEngine(emptyEngine({ ownAddresses: ['192.168.1.20', '10.8.0.3', 'fd00::2'] }));
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  assert.match(screen.text(), /A if it cannot be reached there \(1 of 3 addresses\): try 10\.8\.0\.3/);
  assert.match(screen.rows().at(-1) ?? '', /A next address/);
  for (const address of ['10.8.0.3', 'fd00::2', '192.168.1.20']) {
    await screen.press('A');
    assert.ok(screen.text().includes(`aioc --target ${address}`), screen.text());
    assert.ok(screen.text().includes(`chat --target ${address}`), screen.text());
  }
});

test('with one address, or with peers, A is no key', async (t) => {
  for (const data of [emptyEngine({ ownAddresses: ['192.168.1.20'] }), busyEngine()]) {
    const screen = await openScreen({ engine: new FakeEngine(data) });
    t.after(() => screen.close());
    assert.doesNotMatch(screen.rows().at(-1) ?? '', /A next address/);
    assert.doesNotMatch(screen.text(), /if it cannot be reached/);
  }
});

test('the address on the interface of the default route comes first, those without a network last', () => {
  const of = (family: 'IPv4' | 'IPv6', address: string, internal = false) => ({
    ...{ family, address, internal, netmask: '', mac: '', cidr: null },
    ...(family === 'IPv6' && { scopeid: 0 }),
  });
  const interfaces = {
    lo: [of('IPv4', '127.0.0.1', true), of('IPv6', '::1', true)],
    docker0: [of('IPv4', '172.17.0.1')],
    usb0: [of('IPv4', '169.254.3.4')],
    wlan0: [
      of('IPv6', 'fe80::1'),
      of('IPv6', 'fd00::2'),
      of('IPv6', '2001:db8::2'),
      of('IPv4', '192.168.1.20'),
    ],
  } as never;
  const ranked = ['192.168.1.20', '172.17.0.1', '2001:db8::2', 'fd00::2', '169.254.3.4'];
  assert.deepEqual(rankedAddresses(interfaces, 'wlan0'), ranked);
  assert.deepEqual(rankedAddresses(interfaces, undefined).slice(0, 2), ['172.17.0.1', '192.168.1.20']);
  assert.deepEqual(rankedAddresses({}, undefined), ['127.0.0.1']);
});

test('the default route is the one with the smallest metric', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const route = (name: string, destination: string, metric: number, mask: string) =>
    `${name}\t${destination}\t010200C0\t0003\t0\t0\t${metric}\t${mask}\t0\t0\t0   \n`;
  const text = `${head}${route('wlan0', '00000000', 600, '00000000')}${route('eth0', '00000000', 100, '00000000')}${route('eth0', '0000A8C0', 0, '00FFFFFF')}`;
  assert.equal(defaultRoute(text), 'eth0');
  assert.equal(defaultRoute(head), undefined);
  assert.equal(defaultRoute(''), undefined);
});
