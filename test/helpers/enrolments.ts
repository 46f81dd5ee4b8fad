import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { Enrolment, type EnrolmentOrigin } from '../../engine/security/enrolment.ts';
import { proveKey } from '../../engine/security/enrolment-proof.ts';
import {
  buildCertificate,
  leafExtensions,
  makeKeyPair,
  uniqueOrganization,
} from '../../engine/security/keys-and-certificates.ts';
import { ServerCertificates } from '../../engine/security/server-certificates.ts';
import { madeDirectory, random, type TestDirectory } from './certificates-directory.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** A server that answers certificate requests, with a clock that the test moves. */
export interface EnrollingServer {
  readonly clock: SimulatedClock;
  readonly directory: TestDirectory;
  readonly certificates: ServerCertificates;
  readonly enrolment: Enrolment;
  /** Certificates for names, all with one key, since making keys takes long. */
  makeCertificate(
    name: string,
    validDays?: number,
  ): Promise<{ readonly certificatePem: string; readonly privateKeyPem: string }>;
  /** A connection of its own with the shared default certificate. */
  origin(more?: Partial<EnrolmentOrigin>): EnrolmentOrigin;
  /** Requests a certificate as an aioc client does; resolves when it has its answer. */
  enrol(name: string, more?: Partial<EnrolmentOrigin>): Promise<string>;
}

export async function enrollingServer(
  t: TestContext,
  options: { readonly maxCertificates?: number; readonly maxUnconfirmed?: number } = {},
): Promise<EnrollingServer> {
  const clock = new SimulatedClock(Date.now());
  const directory = await madeDirectory(t, clock.wallNow());
  const wallNow = (): number => clock.wallNow();
  const certificates = await ServerCertificates.open({
    directory: directory.directory,
    random,
    wallNow,
    ...options,
  });
  const enrolment = new Enrolment({ certificates, terms: { days: 365 }, clock });
  const keys = await makeKeyPair();
  const makeCertificate: EnrollingServer['makeCertificate'] = async (name, validDays = 365) => ({
    certificatePem: await buildCertificate({
      subject: [{ name: 'organizationName', value: uniqueOrganization(random) }],
      keys,
      wallNowMs: wallNow(),
      validDays,
      random,
      extensions: leafExtensions(name),
    }),
    privateKeyPem: keys.privateKeyPem,
  });
  const origin: EnrollingServer['origin'] = (more) => ({
    address: '10.0.0.9',
    presented: 'default',
    keyingMaterial: randomBytes(32),
    isOpen: () => true,
    ...more,
  });
  return {
    clock,
    directory,
    certificates,
    enrolment,
    makeCertificate,
    origin,
    enrol: async (name, more) => {
      const { certificatePem, privateKeyPem } = await makeCertificate(name);
      const from = origin(more);
      const proof = proveKey(privateKeyPem, from.keyingMaterial ?? Buffer.alloc(0));
      await enrolment.answer({ name, certificatePem, proof }, from);
      return certificatePem;
    },
  };
}
