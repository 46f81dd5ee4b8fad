import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConnectorAPI } from '../../engine/index.ts';
import { configuredPair } from '../helpers/configured-connectors.ts';
import { type IdentifiedPeerKind, rawClient } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

for (const peerKind of ['python', 'aioc'] satisfies IdentifiedPeerKind[]) {
  test(`a ${peerKind} peer that names a file of the receiver, an owner, or a deletion, gets neither`, async (t) => {
    const directory = tempDir(t);
    const [received, secret] = [join(directory, 'received'), join(directory, 'secret')];
    mkdirSync(received);
    writeFileSync(secret, 'SECRET', { mode: 0o600 });
    const { server } = await configuredPair(t, 'plain', {
      file_recv_config: { any: { target_directory: received, override_existing: true } },
    });
    const api = await ConnectorAPI.fromConfig(server.configPath);
    t.after(() => api.close());
    const heard: string[] = [];
    const listener = await api.listen('any', (message) => void heard.push(message.text()));
    t.after(() => listener.stop());
    const mallory = await rawClient(t, { mode: 'plain', server, name: 'mallory', peerKind });
    const with_file = {
      ...{ src_path: secret, dst_type: 'any', delete: true },
      ...{ owner: 'nobody:nogroup', binary_offset: 0 },
    };
    mallory.send({ with_file: { ...with_file, dst_name: 'none' } }, 'without bytes');
    mallory.send({ with_file: { ...with_file, dst_name: 'own' } }, 'with its own bytes', Buffer.from('own'));
    // As Python’s broker would pass it on.
    mallory.send({ publish: true, with_file: { ...with_file, dst_name: 'sent' } }, 'published');
    await waitFor(() => heard.includes('published'), { what: 'the last of them' });

    assert.equal(readFileSync(secret, 'utf8'), 'SECRET', 'it is not deleted');
    for (const name of readdirSync(received)) {
      assert.notEqual(readFileSync(join(received, name), 'utf8'), 'SECRET', name);
      const { uid, gid } = statSync(join(received, name));
      const { uid: ownUid, gid: ownGid } = statSync(received);
      assert.deepEqual([uid, gid], [ownUid, ownGid], 'its owner is the connector’s user');
    }
    assert.equal(readFileSync(join(received, 'own'), 'utf8'), 'own');
    assert.ok(
      mallory.frames.every(({ data }) => !data.includes('SECRET')),
      'nothing of it is sent',
    );
  });
}
