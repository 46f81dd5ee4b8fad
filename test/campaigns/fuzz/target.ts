import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { realRandomness } from '../../../engine/base/real-ports.ts';
import { makeDirectoryCertificate } from '../../../engine/security/directory-certificates.ts';
import { ServerCertificates } from '../../../engine/security/server-certificates.ts';
import {
  type ConfiguredSide,
  configuredSide,
  type Mode,
  makeCertificates,
} from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { waitFor } from '../../helpers/wait-for.ts';

export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/** What an attacker knows of a target. */
export interface TargetPlace {
  readonly mode: Mode;
  readonly port: number;
  /** `connector_files_dirpath` of the server, and of a client of it in the mode `plain`. */
  readonly serverRun: string;
  readonly clientRun: string;
  /** In mutual TLS: the shared default certificate, and those of the sessions. */
  readonly byDefault: KeyAndCertificate | undefined;
  readonly own: readonly KeyAndCertificate[];
}

/** The names under which the fuzzing sessions are let in. */
export const SESSIONS: readonly string[] = Array.from({ length: 4 }, (_, number) => `fuzz${number}`);
export const LOCAL_CLIENT = 'client1';

type Endings = Pick<TestContext, 'after'>;

async function certificates(mode: Mode, directory: string): Promise<Pick<TargetPlace, 'byDefault' | 'own'>> {
  if (mode !== 'mutual-tls') return { byDefault: undefined, own: [] };
  await makeCertificates(directory, join(directory, 'copy'));
  const random = realRandomness();
  const known = await ServerCertificates.open({ directory, random, wallNow: Date.now });
  const own: KeyAndCertificate[] = [];
  for (const name of SESSIONS) {
    const made = await makeDirectoryCertificate(name, { random, wallNowMs: Date.now() });
    await known.accept(name, made.certificatePem);
    own.push({ key: made.privateKeyPem, cert: made.certificatePem });
  }
  const file = (name: string): string =>
    readFileSync(join(directory, 'copy/certificates/client/client-certs', name), 'utf8');
  return { byDefault: { key: file('default.key'), cert: file('default.pem') }, own };
}

/** A server in this process, in the mode `plain` with a client, whose sockets for programs are fuzzed as well. */
export async function startTarget(t: Endings, mode: Mode, directory: string): Promise<TargetPlace> {
  const [serverHome, clientHome] = [join(directory, 's'), join(directory, 'c')];
  for (const home of [serverHome, clientHome]) mkdirSync(home);
  const files = join(directory, 'received');
  const common = {
    server_sockaddr: ['127.0.0.1', await freePort()],
    use_ssl: mode !== 'plain',
    ssl_allow_all: mode === 'tls-allow-all',
    send_message_types: ['any', 'other'],
    recv_message_types: ['any', 'other'],
    file_recv_config: { any: { target_directory: files, override_existing: true } },
  };
  const certified = await certificates(mode, serverHome);
  const server = await configuredSide(t, { ...common, is_server: true }, serverHome);
  await server.engine.start();
  const place = {
    mode,
    port: server.status().port,
    serverRun: join(serverHome, 'run'),
    clientRun: join(clientHome, 'run'),
    ...certified,
  };
  if (mode === 'plain') await startClient(t, common, clientHome);
  return place;
}

async function startClient(
  t: Endings,
  common: Readonly<Record<string, unknown>>,
  home: string,
): Promise<ConfiguredSide> {
  const client = await configuredSide(t, { ...common, is_server: false, client_name: LOCAL_CLIENT }, home);
  await client.engine.start();
  await waitFor(() => client.peers()[0]?.kind === 'aioc', { what: 'the client to be connected' });
  return client;
}
