import type { Randomness, TlsSettings } from '../base/ports.ts';
import {
  buildCertificate,
  leafExtensions,
  makeKeyPair,
  uniqueOrganization,
} from './keys-and-certificates.ts';

/** As long as Python's: nobody renews them yet, and an expired one keeps a machine out. */
const VALID_DAYS = 3650;

export interface MakingOptions {
  readonly random: Randomness;
  readonly wallNowMs: number;
}

/**
 * A key pair and a self-signed certificate as they lie in a certificates directory. Python's own are of version 1,
 * with which the holder of one key can sign a certificate for another name; ours are version 3 leaves, and Python
 * takes them as they are.
 *
 * @param name whom the certificate speaks for: a client, `server` or `default`
 */
export async function makeDirectoryCertificate(name: string, options: MakingOptions): Promise<TlsSettings> {
  const keys = await makeKeyPair();
  // Python's trust store tells certificates apart by their subjects, so only the server's may be the same everywhere.
  const organization = name === 'server' ? 'company' : uniqueOrganization(options.random);
  const certificatePem = await buildCertificate({
    subject: [
      { name: 'countryName', value: 'US' },
      { name: 'organizationName', value: organization },
    ],
    keys,
    wallNowMs: options.wallNowMs,
    validDays: VALID_DAYS,
    random: options.random,
    extensions: leafExtensions(name),
  });
  return { certificatePem, privateKeyPem: keys.privateKeyPem };
}
