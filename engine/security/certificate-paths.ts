import { join } from 'node:path';
import { AiocError, toAiocError } from '../base/errors.ts';

/**
 * The files of a certificates directory (PROTOCOL §5). Python uses the same layout, so each program can use the
 * other's.
 */
export interface CertificatePaths {
  /** The configuration key certificates_directory_path. */
  readonly directory: string;
  readonly root: string;
  readonly server: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  /** On the server: files about its clients. */
  readonly clients: string;
  readonly links: string;
  readonly map: string;
  /** Python creates client certificates with this OpenSSL configuration. aioc writes it for Python only. */
  readonly requestTemplate: string;
  readonly client: string;
  /** On the client: its own certificates and keys. */
  readonly own: string;
  readonly pinned: string;
  /** The name of the pinned file before Python 1.2.0. */
  readonly pinnedOld: string;
}

export function certificatePaths(directory: string): CertificatePaths {
  const root = join(directory, 'certificates');
  const server = join(root, 'server');
  const client = join(root, 'client');
  const clients = join(server, 'client-certs');
  return {
    directory,
    root,
    server,
    serverCertificate: join(server, 'server-cert', 'server.pem'),
    serverKey: join(server, 'server-cert', 'server.key'),
    clients,
    links: join(clients, 'symlinks'),
    map: join(clients, 'source_id_2_cert.json'),
    requestTemplate: join(server, 'csr_details_template.conf'),
    client,
    own: join(client, 'client-certs'),
    pinned: join(client, 'server-cert', 'server.pem'),
    pinnedOld: join(client, 'server-cert', 'server.crt'),
  };
}

export const DEFAULT_NAME = 'default';

/** `default.pem`, `default1.pem` …: the holder of such a key may request a client certificate, and nothing else. */
export function isDefaultName(name: string): boolean {
  return /^default[0-9]*$/.test(name);
}

/** An AIOC_CERTIFICATES error. `what` is a sentence without its full stop that says what to do. */
export function certificatesError(what: string, cause?: unknown): AiocError {
  return new AiocError('AIOC_CERTIFICATES', what, cause === undefined ? {} : { cause });
}

/** Runs `action` and converts system errors to AIOC_CERTIFICATES with the path. */
export async function inDirectory<T>(places: CertificatePaths, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const known = toAiocError(error, 'AIOC_CERTIFICATES');
    if (known === error) throw known;
    throw certificatesError(
      `cannot use the certificates directory ${places.root}: ${known.message}. Check its permissions and its disk`,
      error,
    );
  }
}
