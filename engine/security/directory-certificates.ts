import { LIMITS } from '../base/limits.ts';
import type { Randomness, TlsSettings } from '../base/ports.ts';
import {
  buildCertificate,
  type KeyPair,
  leafExtensions,
  makeKeyPair,
  uniqueOrganization,
} from './keys-and-certificates.ts';

export interface MakingOptions {
  readonly random: Randomness;
  readonly wallNowMs: number;
  /** Default: as in Python, since nothing renews such a certificate and an expired one locks a machine out. */
  readonly validDays?: number | undefined;
  /** Default: a new pair. */
  readonly keys?: KeyPair | undefined;
}

/**
 * Creates a key pair and a self-signed certificate for a certificates directory. Python's own certificates have version
 * 1, whose holder can sign certificates for other names. Ours are version 3 leaves, and Python accepts them.
 *
 * @param name the subject: a client, `server` or `default`
 */
export async function makeDirectoryCertificate(name: string, options: MakingOptions): Promise<TlsSettings> {
  const keys = options.keys ?? (await makeKeyPair());
  // Python's trust store distinguishes certificates by subject, so subjects must be unique, except the server's.
  const organization = name === 'server' ? 'company' : uniqueOrganization(options.random);
  const certificatePem = await buildCertificate({
    subject: [
      { name: 'countryName', value: 'US' },
      { name: 'organizationName', value: organization },
    ],
    keys,
    wallNowMs: options.wallNowMs,
    validDays: options.validDays ?? LIMITS.certificateDaysMax,
    random: options.random,
    extensions: leafExtensions(name),
  });
  return { certificatePem, privateKeyPem: keys.privateKeyPem };
}
