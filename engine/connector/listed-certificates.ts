import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AiocError, systemCode } from '../base/errors.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { isClientName } from '../protocol/names.ts';
import { datesFault, readCertificate } from '../security/certificate-facts.ts';
import { type CertificatePaths, certificatePaths, certificatesError } from '../security/certificate-paths.ts';
import { Invitations } from '../security/invitations.ts';
import { ServerCertificates } from '../security/server-certificates.ts';
import { readStored } from '../security/stored-certificates.ts';

/**
 * A certificate of a certificates directory, or an invitation to get one.
 *
 * - `server`: the server's, in its own part of the directory or pinned by a client.
 * - `client`: of a client that a server knows, or a client's own.
 * - `invited`: none yet; `endsAtMs` is the end of the invitation.
 */
export interface CertificateEntry {
  readonly kind: 'server' | 'client' | 'invited';
  readonly name: string;
  /** SHA-256 of the certificate; '' if there is none that can be read. */
  readonly fingerprint: string;
  readonly words: string;
  /** Milliseconds since 1970; undefined if it cannot be read. */
  readonly endsAtMs: number | undefined;
  /** A client that has never connected with its certificate. */
  readonly isUnconfirmed: boolean;
  /**
   * When a server's client was last connected with it, in milliseconds since 1970. It is unknown if that was before aioc
   * kept it, or at a Python server of the same directory. Undefined for other certificates.
   */
  readonly lastUseMs: number | 'unknown' | undefined;
  /** Why it is not accepted; undefined if it is. */
  readonly fault: string | undefined;
}

export interface ListOptions {
  /** certificates_directory_path */
  readonly directory: string;
  /** The part of the directory to list. Default: each that it has. */
  readonly part?: 'server' | 'client' | undefined;
  /** In the client's part: only this client. */
  readonly clientName?: string | undefined;
  readonly random: Randomness;
  readonly clock: Clock;
}

/**
 * Lists the certificates of a directory: the server's, then those of clients by name.
 *
 * @throws AiocError AIOC_CERTIFICATES
 */
export async function listedCertificates(options: ListOptions): Promise<CertificateEntry[]> {
  const places = certificatePaths(options.directory);
  const { part } = options;
  const hasServer = part === 'server' || (part === undefined && (await exists(places.clients)));
  const hasClient = part === 'client' || (part === undefined && (await exists(places.own)));
  if (!hasServer && !hasClient)
    throw certificatesError(`${places.root} has neither certificates of a server nor of a client`);
  // A server's directory also has the part to copy to clients, which says nothing more.
  return hasServer ? ofServer(places, options) : ofClient(places, options);
}

async function ofServer(places: CertificatePaths, options: ListOptions): Promise<CertificateEntry[]> {
  const { directory, random, clock } = options;
  const wallNow = (): number => clock.wallNow();
  const certificates = await ServerCertificates.open({ directory, random, wallNow, clock });
  const invitations = new Invitations({ directory, random, clock });
  const clients = (await certificates.list()).map(
    ({ name, fingerprint, words, notAfterMs, lastUseMs, ...more }): CertificateEntry => ({
      ...{ kind: 'client', name, fingerprint, words, ...more },
      lastUseMs: lastUseMs ?? 'unknown',
      endsAtMs: fingerprint === '' ? undefined : notAfterMs,
    }),
  );
  const invited = (await invitations.list())
    .filter(({ isUsed }) => !isUsed)
    .map(({ name, expiresAtMs }) => ({ ...NOTHING, kind: 'invited' as const, name, endsAtMs: expiresAtMs }));
  const own = await entryOf(places.serverCertificate, { kind: 'server', name: 'server' }, wallNow());
  return [own, ...clients, ...invited];
}

async function ofClient(
  places: CertificatePaths,
  { clientName, clock }: ListOptions,
): Promise<CertificateEntry[]> {
  const wallNowMs = clock.wallNow();
  const names = clientName === undefined ? await ownNames(places) : [clientName];
  const pinned = (await exists(places.pinned)) ? places.pinned : places.pinnedOld;
  const paths = names.map((name) => [join(places.own, `${name}.pem`), { kind: 'client', name }] as const);
  return Promise.all([
    entryOf(pinned, { kind: 'server', name: 'server' }, wallNowMs),
    ...paths.map(([path, about]) => entryOf(path, about, wallNowMs)),
  ]);
}

async function ownNames({ own }: CertificatePaths): Promise<string[]> {
  try {
    const files = (await readdir(own)).filter((file) => file.endsWith('.pem'));
    return files
      .map((file) => file.slice(0, -'.pem'.length))
      .filter(isClientName)
      .sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

const NOTHING = {
  fingerprint: '',
  words: '',
  endsAtMs: undefined,
  isUnconfirmed: false,
  lastUseMs: undefined,
  fault: undefined,
} as const;

async function entryOf(
  path: string,
  about: Pick<CertificateEntry, 'kind' | 'name'>,
  wallNowMs: number,
): Promise<CertificateEntry> {
  try {
    const text = await readStored(path);
    if (text === undefined) return { ...NOTHING, ...about, fault: `${path} is missing` };
    const certificate = readCertificate(text);
    const { fingerprint, words, notAfterMs: endsAtMs } = certificate;
    const fault = datesFault(certificate, wallNowMs);
    return { ...NOTHING, ...about, fingerprint, words, endsAtMs, fault };
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    return { ...NOTHING, ...about, fault: error.message };
  }
}
