import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { before, test } from 'node:test';
import * as tls from 'node:tls';
import type { PeerCertificate, TlsSettings } from '../../../engine/base/ports.ts';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { fingerprintOf } from '../../../engine/security/fingerprint.ts';
import {
  buildCertificate,
  type KeyPair,
  makeKeyPair,
  makeSelfSigned,
  type SubjectField,
} from '../../../engine/security/keys-and-certificates.ts';
import {
  certificateOf,
  claimedNameOf,
  clientTlsOptions,
  serverTlsOptions,
} from '../../../engine/security/tls-settings.ts';

const realRandom = realRandomness();

let server: TlsSettings;
let client: TlsSettings;
let keys: KeyPair;

before(async () => {
  const make = (commonName: string): Promise<TlsSettings> =>
    makeSelfSigned({ commonName, wallNowMs: Date.now(), random: realRandom });
  [server, client, keys] = await Promise.all([make('server'), make('ann'), makeKeyPair()]);
});

function seen(settings: TlsSettings, claimedName: string): PeerCertificate {
  const { raw: der, validFrom, validTo, issuer } = new X509Certificate(settings.certificatePem);
  const dates = { notBeforeMs: Date.parse(validFrom), notAfterMs: Date.parse(validTo) };
  return {
    fingerprint: fingerprintOf(der),
    claimedName,
    ...dates,
    issuer: issuer.replaceAll('\n', ', '),
    der,
  };
}

interface Met {
  readonly atServer: PeerCertificate | undefined;
  readonly atClient: PeerCertificate | undefined;
  readonly protocol: string | null;
  readonly cipher: string;
  readonly reused: boolean;
  readonly session: Buffer | undefined;
}

/** One connection between a server and a client with these options; both certificates as the other side saw them. */
async function meet(listener: tls.Server, options: tls.ConnectionOptions): Promise<Met> {
  const { port } = listener.address() as AddressInfo;
  const socket = tls.connect({ host: '127.0.0.1', port, ...options });
  const session = once(socket, 'session') as Promise<[Buffer]>;
  session.catch(() => undefined);
  const arrived = once(listener, 'secureConnection') as Promise<[tls.TLSSocket]>;
  arrived.catch(() => undefined);
  await once(socket, 'secureConnect');
  const [peer] = await arrived;
  const reused = socket.isSessionReused();
  // In TLS 1.3 a session that may be resumed arrives after the handshake.
  const late = socket.getProtocol() === 'TLSv1.3' && !reused;
  const met = {
    atServer: certificateOf(peer),
    atClient: certificateOf(socket),
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().name,
    reused,
    session: late ? (await session)[0] : socket.getSession(),
  };
  socket.destroy();
  return met;
}

async function listening(
  options: tls.TlsOptions,
  use: (listener: tls.Server) => Promise<void>,
): Promise<void> {
  const listener = tls.createServer(options);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    await use(listener);
  } finally {
    listener.close();
  }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: each side sees the other's certificate, and a client may have none`, () =>
    listening(serverTlsOptions(server), async (listener) => {
      const met = await meet(listener, { ...clientTlsOptions(client), maxVersion: version });
      assert.equal(met.protocol, version);
      assert.match(met.cipher, /^(ECDHE|TLS_).*(GCM|CHACHA20)/);
      assert.deepEqual(met.atServer, seen(client, 'ann'));
      assert.deepEqual(met.atClient, seen(server, 'server'));
      const { cert: _, key: __, ...nameless } = clientTlsOptions(client);
      const other = await meet(listener, { ...nameless, maxVersion: version });
      assert.equal(other.atServer, undefined);
    }));

  test(`${version}: a saved session is of no use`, async () => {
    // A client of our own would not even ask; this one does all it can.
    const options = { ...clientTlsOptions(client), maxVersion: version, secureOptions: 0 };
    const twice = async (listener: tls.Server): Promise<boolean> => {
      const first = await meet(listener, options);
      const saved = first.session === undefined ? {} : { session: first.session };
      return (await meet(listener, { ...options, ...saved })).reused;
    };
    await listening(serverTlsOptions(server), async (listener) => {
      assert.equal(await twice(listener), false);
    });
    // The same without our option: otherwise this test could not fail.
    await listening({ ...serverTlsOptions(server), secureOptions: 0 }, async (listener) => {
      assert.equal(await twice(listener), true);
    });
  });
}

test('TLS 1.1 and suites without forward secrecy are refused', () =>
  listening(serverTlsOptions(server), async (listener) => {
    const old: tls.ConnectionOptions[] = [
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      { maxVersion: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384:AES128-SHA' },
    ];
    for (const options of old)
      await assert.rejects(meet(listener, { rejectUnauthorized: false, ...options }));
  }));

test('a client that shows a certificate whose key it lacks is refused', () =>
  listening(serverTlsOptions(server), async (listener) => {
    const thief = { ...clientTlsOptions(client), cert: client.certificatePem, key: keys.privateKeyPem };
    await assert.rejects(async () => meet(listener, thief));
  }));

test('a name in a certificate is taken only where it is one plain, short name', async () => {
  const named = async (...subject: SubjectField[]): Promise<string | undefined> =>
    claimedNameOf(
      new X509Certificate(
        await buildCertificate({
          subject,
          keys,
          wallNowMs: Date.now(),
          validDays: 1,
          random: realRandom,
          extensions: [],
        }),
      ),
    );
  const cn = (value: string): SubjectField => ({ name: 'commonName', value });
  const o = (value: string): SubjectField => ({ name: 'organizationName', value });
  assert.equal(await named(o('x'), cn('ann')), 'ann');
  assert.equal(await named(cn('zoë 漢字')), 'zoë 漢字');
  assert.equal(await named(cn('a,b+c"d\\e<f>;g')), 'a,b+c"d\\e<f>;g');
  assert.equal(await named(cn(' #a ')), ' #a ');
  assert.equal(await named(o('x')), undefined);
  assert.equal(await named(), undefined);
  assert.equal(await named(o('x\nCN=root')), undefined);
  assert.equal(await named(o('x + CN=root')), undefined);
  assert.equal(await named(o('CN=root')), undefined);
  assert.equal(await named(cn('a'), cn('b')), undefined);
  assert.equal(await named(cn('')), undefined);
  assert.equal(await named(cn('a\nb')), undefined);
  assert.equal(await named(cn('a\0b')), undefined);
  assert.equal(await named(cn('\x1b[2J')), undefined);
  assert.equal(await named(cn('a\u009bm')), undefined);
  assert.equal(await named(cn('x'.repeat(128))), 'x'.repeat(128));
  assert.equal(await named(cn('x'.repeat(129))), undefined);
  assert.equal(await named(cn('x'.repeat(100_000))), undefined);
});
