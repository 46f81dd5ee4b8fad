/**
 * S1: what programs, files, logs and screens of this machine see as the sender is the name of the session, whatever a peer
 * writes into its frames; in every mode, by both roles, for every kind of message.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realRandomness } from '../../engine/base/real-ports.ts';
import { ConnectorAPI, type ListenerMessage, type ReceivedMessage } from '../../engine/index.ts';
import type { JsonObject } from '../../engine/protocol/header.ts';
import { readStreamAcks } from '../../engine/protocol/stream-frames.ts';
import { ClientCertificates } from '../../engine/security/client-certificates.ts';
import {
  type ConfiguredSide,
  configuredPair,
  configuredSide,
  type Mode,
  makeCertificates,
} from '../helpers/configured-connectors.ts';
import { type IdentifiedPeerKind, type RawPeer, rawClient, rawServer } from '../helpers/raw-peer.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const MODES: readonly Mode[] = ['plain', 'tls-allow-all', 'mutual-tls'];
const PEER_KINDS: readonly IdentifiedPeerKind[] = ['python', 'aioc'];
const TYPES = ['any', 'stored'];

/** What programs have heard, and a program that can ask. */
interface Ears {
  readonly api: ConnectorAPI;
  readonly heard: ListenerMessage[];
  /** A listener that comes later: until then its messages are on the disk. */
  listenToStored(): Promise<void>;
}

const settings = (received: string) => ({
  send_message_types: TYPES,
  recv_message_types: TYPES,
  disk_persistence_recv: ['stored'],
  file_recv_config: { any: { target_directory: join(received, '{source_id}'), override_existing: true } },
});

async function ears(t: TestContext, side: ConfiguredSide): Promise<Ears> {
  const api = await ConnectorAPI.fromConfig(side.configPath);
  t.after(() => api.close());
  const heard: ListenerMessage[] = [];
  const listen = async (type: string): Promise<void> => {
    const listener = await api.listen(type, (message) => void heard.push(message));
    t.after(() => listener.stop());
  };
  await listen('any');
  return { api, heard, listenToStored: () => listen('stored') };
}

/** Every kind of message that is no response, under any name; its data say what it is. */
function speak(peer: RawPeer, said: string, name: JsonObject, number: number): void {
  const epoch = (kind: string): string => `${kind}${said}`.replace(/\W/g, '').padEnd(22, '_').slice(0, 22);
  const send = (kind: string, header: JsonObject, binary?: Buffer): void =>
    peer.send({ ...header, ...name }, `${said} ${kind}`, binary);
  send('plain', {});
  send('acknowledged', { transport_id: number });
  send('numbered', { transport_id: `${epoch('n')}.1` });
  send('stored', { message_type: 'stored', transport_id: `${epoch('s')}.1` });
  send('stored plain', { message_type: 'stored' });
  const with_file = { dst_type: 'any', dst_name: `${said}.txt`, delete: false };
  send('file', { with_file, transport_id: `${epoch('f')}.1` }, Buffer.from(said));
  send('request', { await_response: true, request_id: said });
}

const KINDS = ['plain', 'acknowledged', 'numbered', 'stored', 'stored plain', 'file', 'request'];
const told = ({ heard }: Ears): string[] =>
  heard.map((message) => `${message.sourceId}: ${message.text()}`).sort();
const expected = (name: string, said: string): string[] => KINDS.map((kind) => `${name}: ${said} ${kind}`);
const acked = ({ frames }: RawPeer, transportId: number) =>
  frames.find(({ header }) => header.message_type === '_ack' && header['transport_id'] === transportId);
const droppedNumbers = ({ frames }: RawPeer): number =>
  frames
    .flatMap((frame) => readStreamAcks(frame)?.positions ?? [])
    .reduce((sum, { dropped }) => sum + dropped.length, 0);

/** One that asks the peer, and what it was given. */
async function asked(t: TestContext, ears: Ears, peer: RawPeer, to?: string) {
  const answers: ReceivedMessage[] = [];
  const request = { messageType: 'any', data: 'question', ...(to !== undefined && { destinationId: to }) };
  const answer = ears.api.request(request).then(
    (got) => void answers.push(got),
    () => undefined,
  );
  t.after(() => answer);
  const question = await waitFor(() => peer.frames.find(({ header }) => header['await_response'] === true), {
    what: 'the question',
  });
  const response_id = question.header['request_id'] as string;
  return { answers, answer, response: { response_id } };
}

for (const mode of MODES) {
  for (const peerKind of PEER_KINDS) {
    test(`${mode}: a ${peerKind} client is heard under its own name only`, async (t) => {
      const received = tempDir(t);
      const { server, client } = await configuredPair(t, mode, settings(received));
      const all = await ears(t, server);
      const [mallory, bob] = [
        await rawClient(t, { mode, server, name: 'mallory', peerKind }),
        await rawClient(t, { mode, server, name: 'bob', peerKind: 'python' }),
      ];

      speak(mallory, 'forged', { source_id: 'client1' }, 1);
      mallory.send({ source_id: '' }, 'forged by nobody');
      speak(mallory, 'unsaid', {}, 2);
      speak(mallory, 'true', { source_id: 'mallory' }, 3);
      speak(bob, 'honest', { source_id: 'bob' }, 4);
      const honest = await ConnectorAPI.fromConfig(client.configPath);
      t.after(() => honest.close());
      await honest.send({ messageType: 'any', data: 'from client1' });

      await all.listenToStored();
      const wanted = [
        ...expected('mallory', 'unsaid'),
        ...expected('mallory', 'true'),
        ...expected('bob', 'honest'),
        'client1: from client1',
      ].sort();
      await waitFor(() => all.heard.length >= wanted.length, { what: 'what was said honestly' });
      assert.deepEqual(told(all), wanted);
      assert.deepEqual(readdirSync(received).sort(), ['bob', 'mallory']);
      assert.deepEqual(readdirSync(join(received, 'mallory')).sort(), ['true.txt', 'unsaid.txt']);

      const { answers, answer, response } = await asked(t, all, mallory, 'mallory');
      mallory.send({ ...response, source_id: 'client1' }, 'forged answer');
      bob.send({ ...response, source_id: 'bob' }, 'answer of another');
      await waitFor(() => all.heard.at(-1)?.text() === 'answer of another', { what: 'it to be no answer' });
      assert.equal(answers.length, 0);
      mallory.send(response, 'answer');
      await answer;
      assert.deepEqual(
        answers.map((got) => [got.sourceId, got.text()]),
        [['mallory', 'answer']],
      );

      await waitFor(() => acked(mallory, 3), { what: 'an acknowledgement' });
      if (peerKind === 'python') assert.equal(acked(mallory, 1), undefined);
      else {
        assert.equal(acked(mallory, 1)?.header['aioc_dropped'], true);
        assert.equal(acked(mallory, 3)?.header['aioc_dropped'], undefined);
        await waitFor(() => droppedNumbers(mallory) === 3, { what: 'three numbers to be told as dropped' });
      }
      const row = await waitFor(() => server.peers().find(({ wireName }) => wireName === 'mallory'), {
        what: 'mallory',
      });
      assert.deepEqual([row.name, row.forgedIn], ['mallory', KINDS.length + 2]);
      const warned = server
        .log()
        .filter(({ outcome, text }) => outcome === 'warning' && /"client1"/.test(text));
      assert.ok(warned.length > 0 && warned.length < KINDS.length, 'one a second');
      assert.ok(warned.every(({ peerName }) => peerName === 'mallory'));
      assert.equal(mallory.isClosed, false);
      assert.ok(server.peers().every(({ name, wireName }) => name === wireName && name !== 'alice'));

      mallory.send({ source_id: { a: 1 } }, 'forged');
      await waitFor(() => mallory.isClosed, { what: 'a bad frame to end the connection' });
      await waitFor(
        () => server.log().some(({ peerName, text }) => peerName === 'mallory' && /source_id/.test(text)),
        {
          what: 'the reason in the log',
        },
      );
    });

    test(`${mode}: a ${peerKind} server is heard under the name that its client knows`, async (t) => {
      const [received, serverDirectory, clientDirectory] = [tempDir(t), tempDir(t), tempDir(t)];
      if (mode === 'mutual-tls') {
        await makeCertificates(serverDirectory, clientDirectory);
        const own = new ClientCertificates({
          ...{ directory: clientDirectory, name: 'client1' },
          ...{ random: realRandomness(), wallNow: Date.now },
        });
        await own.propose();
        await own.adopt();
      }
      const server = await rawServer(t, { mode, directory: serverDirectory, peerKind });
      const config = {
        ...{ is_server: false, client_name: 'client1', server_sockaddr: ['127.0.0.1', server.port] },
        ...{ use_ssl: mode !== 'plain', ssl_allow_all: mode === 'tls-allow-all' },
        ...settings(received),
      };
      const client = await configuredSide(t, config, clientDirectory);
      await client.engine.start();
      const all = await ears(t, client);
      const peer = await waitFor(() => server.client(), { what: 'the client' });
      await waitFor(() => client.peers()[0]?.kind === peerKind, { what: `it to be known as ${peerKind}` });

      speak(peer, 'bind', { source_id: `('0.0.0.0', ${server.port})` }, 1);
      speak(peer, 'forged', { source_id: 'client1' }, 2);
      speak(peer, 'unsaid', {}, 3);
      await all.listenToStored();
      const name = `('127.0.0.1', ${server.port})`;
      const wanted = ['bind', 'forged', 'unsaid'].flatMap((said) => expected(name, said)).sort();
      await waitFor(() => all.heard.length >= wanted.length, { what: 'what the server has said' });
      assert.deepEqual(told(all), wanted);
      assert.deepEqual(readdirSync(received), [name]);

      const { answers, answer, response } = await asked(t, all, peer);
      peer.send({ ...response, source_id: 'client1' }, 'answer');
      await answer;
      assert.deepEqual(
        answers.map((got) => got.sourceId),
        [name],
      );
      assert.deepEqual(
        client.peers().map((row) => [row.name, row.forgedIn]),
        [[name, undefined]],
      );
      peer.send({ source_id: null }, 'forged');
      await waitFor(() => peer.isClosed, { what: 'a bad frame to end the connection' });
      assert.equal(all.heard.length, wanted.length);
    });
  }
}
