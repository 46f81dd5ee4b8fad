import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { namePattern } from '../../../engine/base/name-pattern.ts';
import { AccessLists } from '../../../engine/security/access-list.ts';

const NONE = { names: [], addresses: [], subnets: [] };
const at = (name: string, address = '127.0.0.1'): { name: string; address: string } => ({ name, address });

test('patterns mean what they mean as regular expressions compared from the beginning', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      '1',
      '-',
      '_',
      '.',
      '\\d',
      '\\w',
      '[ab]',
      '[^a]',
      '[a-c1]',
      '(a|b1)',
      '(ab)',
      '$',
    ),
    fc.constantFrom('a*', 'b+', '.?', '.*', '(a|b)*', '(a*)*', '(a?b)+', '[^b]*', '(a|)'),
  );
  const pattern = fc
    .array(fc.array(piece, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 })
    .map((choices) => choices.map((pieces) => pieces.join('')).join('|'));
  const name = fc
    .array(fc.constantFrom('a', 'b', 'c', '1', '-', '_'), { maxLength: 8 })
    .map((letters) => letters.join(''));
  fc.assert(
    fc.property(pattern, name, (text, candidate) => {
      assert.equal(
        namePattern(text)(candidate),
        new RegExp(`^(?:${text})`).test(candidate),
        `${text} on ${candidate}`,
      );
    }),
    { numRuns: 3_000 },
  );
});

// Each of these takes a backtracking matcher longer than the deadline of a test file.
test('no pattern is slow', () => {
  const name = 'a'.repeat(128);
  for (const pattern of ['(a*)*b', `${'a*'.repeat(120)}b`, `${'(a|a)*'.repeat(40)}b`, '((((a+)+)+)+)+b'])
    assert.equal(namePattern(pattern)(name), false);
});

test('what cannot be read is refused with what can be', () => {
  for (const pattern of [
    '',
    'a{3}',
    '(?=a)',
    '(a',
    'a)',
    '[a',
    '*a',
    'a**',
    '\\bx',
    '[b-a]',
    '(?:a)',
    'a'.repeat(257),
    `${'('.repeat(99)}a`,
    'é',
  ])
    assert.throws(() => namePattern(pattern), { code: 'AIOC_CONFIG' }, pattern);
});

test('a blacklist refuses by name, address or subnet, and says by which', () => {
  const lists = new AccessLists({
    whitelist: NONE,
    blacklist: {
      names: ['evil'],
      addresses: ['10.0.0.9', 'fe80::1'],
      subnets: ['192.168.0.0/16', 'fd00::/8'],
    },
  });
  assert.equal(lists.rejectionReason(at('good')), undefined);
  assert.equal(lists.rejectionReason(at('evil-7')), 'blacklisted_clients_id contains evil-7');
  assert.equal(lists.rejectionReason(at('good', '10.0.0.9')), 'blacklisted_clients_ip contains 10.0.0.9');
  assert.equal(
    lists.rejectionReason(at('good', '::ffff:10.0.0.9')),
    'blacklisted_clients_ip contains ::ffff:10.0.0.9',
  );
  assert.equal(
    lists.rejectionReason(at('good', '192.168.3.4')),
    'blacklisted_clients_subnet contains 192.168.3.4',
  );
  assert.equal(lists.rejectionReason(at('good', 'fd12::5')), 'blacklisted_clients_subnet contains fd12::5');
  assert.equal(lists.rejectionReason(at('good', 'fe80:0::1')), 'blacklisted_clients_ip contains fe80:0::1');
});

test('every whitelist that is not empty must have a client, and a blacklist still counts', () => {
  const lists = new AccessLists({
    whitelist: { names: ['edge-\\d+$', 'main$'], addresses: [], subnets: ['127.0.0.0/8'] },
    blacklist: { ...NONE, names: ['edge-13'] },
  });
  assert.equal(lists.rejectionReason(at('edge-7')), undefined);
  assert.equal(lists.rejectionReason(at('main')), undefined);
  assert.equal(lists.rejectionReason(at('main2')), 'whitelisted_clients_id does not contain main2');
  assert.equal(
    lists.rejectionReason(at('main', '10.0.0.1')),
    'whitelisted_clients_subnet does not contain 10.0.0.1',
  );
  assert.equal(lists.rejectionReason(at('edge-13')), 'blacklisted_clients_id contains edge-13');
});

test('entries come and go; what is no address, subnet or pattern changes nothing', () => {
  const lists = new AccessLists({ whitelist: NONE, blacklist: NONE });
  lists.add('blacklist', { address: '10.0.0.9' });
  lists.add('blacklist', { address: '10.1.0.0/16' });
  lists.add('blacklist', { name: 'x', address: '1.1.1.1' });
  assert.deepEqual(lists.entries('blacklist'), {
    names: ['x'],
    addresses: ['10.0.0.9'],
    subnets: ['10.1.0.0/16'],
  });
  assert.equal(lists.remove('blacklist', { address: '10.0.0.9' }), true);
  assert.equal(lists.remove('blacklist', { address: '10.0.0.9' }), false);
  assert.equal(lists.rejectionReason(at('a', '10.0.0.9')), undefined);
  for (const entry of [{ address: 'host' }, { address: '1.1.1.1/33' }, { address: '1/8/9' }, { name: '(' }])
    assert.throws(() => lists.add('whitelist', entry), { code: 'AIOC_CONFIG' });
  assert.throws(() => lists.add('whitelist', {}), { code: 'AIOC_COMMAND' });
  assert.deepEqual(lists.entries('whitelist'), NONE);
});
