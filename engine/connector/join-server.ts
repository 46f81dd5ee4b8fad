import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hostAndPort } from '../base/addresses.ts';
import { PRIVATE_MODE, PUBLIC_MODE, replaceDurably } from '../base/atomic-file.ts';
import { AiocError } from '../base/errors.ts';
import { checkDirectory, PRIVATE_DIRECTORY } from '../base/own-directory.ts';
import type { Ports, TlsSettings } from '../base/ports.ts';
import { exists } from '../base/read-small-file.ts';
import { CONNECTOR_DIRECTORY } from '../config/keys-directories.ts';
import { EnrollingClient } from '../peers/enrolling-client.ts';
import type { ClientTrust } from '../peers/trust.ts';
import { datesFault, readCertificate } from '../security/certificate-facts.ts';
import { type CertificatePaths, certificatePaths, inDirectory } from '../security/certificate-paths.ts';
import { ClientCertificates } from '../security/client-certificates.ts';
import { proveKey } from '../security/enrolment-proof.ts';
import { fingerprintWords } from '../security/fingerprint.ts';
import { type Invitation, readInvitationCode } from '../security/invitation-code.ts';
import { makeSelfSigned } from '../security/keys-and-certificates.ts';
import { pinnedCertificates } from '../security/pinned-server.ts';
import { readStored } from '../security/stored-certificates.ts';
import { inOwnDirectory } from './join-directory.ts';

export interface JoinOptions {
  /** What `aioc invite` has printed. */
  readonly code: string;
  /** Where the client's files go. Default: a directory with the client's name in the working directory. */
  readonly directory?: string | undefined;
  readonly version: string;
  readonly ports: Pick<Ports, 'clock' | 'random' | 'network'>;
}

export interface JoinedServer {
  readonly name: string;
  /** The server's address. */
  readonly address: string;
  readonly serverWords: string;
  readonly directory: string;
  readonly configFile: string;
}

/**
 * Joins a server by invitation: makes a key and a certificate, has the server accept the certificate, and writes a
 * certificates directory and a configuration. The server must show the certificate of the invitation before anything is
 * sent to it. If the answer was lost, the same call continues.
 *
 * @throws AiocError AIOC_INVITATION, AIOC_REFUSED_BY_PEER, AIOC_CONNECT, AIOC_RESPONSE_LOST, AIOC_CONFIG if the directory
 * already has a configuration, AIOC_CERTIFICATES, AIOC_DIRECTORY
 */
export async function joinServer(options: JoinOptions): Promise<JoinedServer> {
  const invitation = readInvitationCode(options.code);
  const { name, host, port, serverFingerprint } = invitation;
  const joining = new Joining(invitation, options);
  const configFile = await joining.run();
  return {
    name,
    address: hostAndPort(host, port),
    serverWords: fingerprintWords(serverFingerprint),
    directory: dirname(configFile),
    configFile,
  };
}

/** One attempt to join. */
class Joining {
  readonly #invitation: Invitation;
  readonly #options: JoinOptions;
  readonly #directory: string;
  readonly #places: CertificatePaths;
  readonly #certificates: ClientCertificates;
  /** The server's certificate, once it has shown the right one. */
  #serverPem: string | undefined;

  constructor(invitation: Invitation, options: JoinOptions) {
    this.#invitation = invitation;
    this.#options = options;
    const { name } = invitation;
    const { clock, random } = options.ports;
    this.#directory = resolve(options.directory ?? name);
    this.#places = certificatePaths(this.#directory);
    const wallNow = (): number => clock.wallNow();
    this.#certificates = new ClientCertificates({
      ...{ directory: this.#directory, name, random, wallNow, clock },
      isStrict: true,
    });
  }

  /** @returns the path of the configuration */
  run(): Promise<string> {
    const isWanted = async (error: unknown): Promise<boolean> =>
      // Without an answer, the next call must send the same certificate again.
      (error instanceof AiocError && error.code === 'AIOC_RESPONSE_LOST') || (await this.#hasCertificate());
    return inOwnDirectory(this.#directory, isWanted, async () => {
      const configFile = join(this.#directory, 'config.json');
      if (await exists(configFile))
        throw new AiocError(
          'AIOC_CONFIG',
          `${configFile} already exists, and is not overwritten: give another directory`,
        );
      await inDirectory(this.#places, () => this.#prepare());
      if (!(await this.#hasCertificate())) await this.#enrol();
      await replaceDurably(configFile, await this.#config(), { mode: PRIVATE_MODE });
      return configFile;
    });
  }

  async #prepare(): Promise<void> {
    const { own, pinned } = this.#places;
    for (const path of [own, dirname(pinned)])
      await mkdir(path, { recursive: true, mode: PRIVATE_DIRECTORY });
    const there = await readStored(pinned);
    if (there === undefined) return;
    if (pinnedCertificates(there, pinned).includes(this.#invitation.serverFingerprint)) return;
    throw new AiocError(
      'AIOC_CERTIFICATES',
      `${pinned} is the certificate of another server: give another directory`,
    );
  }

  /** An earlier call has got it, and ended before it wrote the configuration. */
  #hasCertificate(): Promise<boolean> {
    return exists(join(this.#places.own, `${this.#invitation.name}.pem`));
  }

  async #enrol(): Promise<void> {
    const { host, port, name } = this.#invitation;
    const { ports, version } = this.#options;
    await EnrollingClient.enrol({ ports, host, port, wireName: name, version, trust: this.#trust() });
  }

  #trust(): ClientTrust {
    const certificates = this.#certificates;
    return {
      // Not the one that it requests: after a lost answer, the server would take this client for one that connects.
      credentials: async () => ({ tls: await this.#certificateForOnce(), enrols: true }),
      rejectionReason: async (certificate) => this.#rejectionReason(certificate?.der),
      propose: async ({ terms, keyingMaterial }) => {
        const { certificatePem, privateKeyPem } = await certificates.propose(terms);
        return {
          certificatePem,
          invitation: this.#invitation.secret.toString('base64url'),
          ...(keyingMaterial !== undefined && { proof: proveKey(privateKeyPem, keyingMaterial) }),
        };
      },
      store: () => this.#adopt(),
    };
  }

  #certificateForOnce(): Promise<TlsSettings> {
    const { clock, random } = this.#options.ports;
    return makeSelfSigned({ commonName: 'aioc', wallNowMs: clock.wallNow(), random });
  }

  #rejectionReason(der: Buffer | undefined): string | undefined {
    if (der === undefined) return 'the server presented no certificate';
    const certificate = readCertificate(der);
    const { serverFingerprint } = this.#invitation;
    if (certificate.fingerprint !== serverFingerprint)
      return `its certificate (${certificate.words}) is not that of the server that invited you (${fingerprintWords(serverFingerprint)}): this is another server, or someone is intercepting the connection. Nothing was sent to it`;
    const fault = datesFault(certificate, this.#options.ports.clock.wallNow());
    this.#serverPem = certificate.pem;
    return fault === undefined ? undefined : `the server's certificate ${fault}`;
  }

  /** The server's certificate first: with its own certificate, the directory is complete. */
  async #adopt(): Promise<void> {
    const text = this.#serverPem ?? '';
    await inDirectory(this.#places, () =>
      replaceDurably(this.#places.pinned, text, { mode: PUBLIC_MODE }).then(() => undefined),
    );
    await this.#certificates.adopt();
  }

  async #config(): Promise<string> {
    const { host, port, name } = this.#invitation;
    const config = {
      is_server: false,
      server_sockaddr: [host, port],
      client_name: name,
      use_ssl: true,
      security: 'strict',
      certificates_directory_path: this.#directory,
      ...((await isUsable(CONNECTOR_DIRECTORY)) ? {} : { connector_files_dirpath: this.#directory }),
    };
    return `${JSON.stringify(config, undefined, 2)}\n`;
  }
}

/** Whether no other user owns the default directory of connectors on this machine. */
async function isUsable(path: string): Promise<boolean> {
  return checkDirectory({ path, key: '' }).then(
    () => true,
    () => false,
  );
}
