import { toAiocError } from '../base/errors.ts';
import type { ClientTrust, ServerTrust } from '../peers/trust.ts';
import type { ClientCertificates } from '../security/client-certificates.ts';
import { serverFault } from '../security/pinned-server.ts';
import type { ServerCertificates } from '../security/server-certificates.ts';

/** A server's trust decisions, from its certificates directory (PROTOCOL §5, “Trust in aioc”). */
export function serverTrust(certificates: ServerCertificates): ServerTrust {
  return {
    ownFault: () => certificates.ownFault(),
    authenticate: async (certificate) => {
      if (certificate?.der === undefined) return { kind: 'stranger', reason: 'it showed no certificate' };
      const trust = await certificates.trusted(certificate.der);
      if (trust.who === 'client') return { kind: 'client', name: trust.name };
      return trust.who === 'default' ? { kind: 'default' } : { kind: 'stranger', reason: trust.reason };
    },
    enrol: async ({ name, certificatePem }) => {
      if (certificatePem === undefined) return certificates.issue(name);
      await certificates.accept(name, certificatePem);
      return { certificatePem };
    },
  };
}

/** A client's trust decisions, from its certificates directory. */
export function clientTrust(certificates: ClientCertificates, wallNow: () => number): ClientTrust {
  return {
    credentials: async () => {
      const tls = await certificates.load();
      if (!tls.isDefault) return { tls };
      try {
        return { tls, enrolWith: (await certificates.propose()).certificatePem };
      } catch (error) {
        // Another connector with this name has just stored one.
        if (toAiocError(error).code !== 'AIOC_CERTIFICATE_EXISTS') throw error;
        return { tls: await certificates.load() };
      }
    },
    rejectionReason: async (certificate) => {
      const { serverFingerprints } = await certificates.load();
      return serverFault(certificate?.der, { serverFingerprints, wallNowMs: wallNow() });
    },
    store: ({ certificatePem, privateKeyPem }) =>
      // Without a key, it is the certificate that this client made.
      privateKeyPem === undefined
        ? certificates.adopt()
        : certificates.store({ certificatePem, privateKeyPem }),
  };
}
