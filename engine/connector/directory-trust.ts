import type { ClientTrust, ServerTrust } from '../peers/trust.ts';
import type { ClientCertificates } from '../security/client-certificates.ts';
import type { Enrolment } from '../security/enrolment.ts';
import { proveKey } from '../security/enrolment-proof.ts';
import { serverFault } from '../security/pinned-server.ts';
import type { ServerCertificates } from '../security/server-certificates.ts';

/** A server's trust decisions, from its certificates directory (PROTOCOL §5, “Trust in aioc”). */
export function serverTrust(certificates: ServerCertificates, enrolment: Enrolment): ServerTrust {
  return {
    terms: enrolment.terms,
    ownFault: () => certificates.ownFault(),
    authenticate: async (certificate) => {
      if (certificate?.der === undefined) return { kind: 'stranger', reason: 'it showed no certificate' };
      const trust = await certificates.trusted(certificate.der);
      if (trust.who === 'client') return { kind: 'client', name: trust.name };
      if (trust.who === 'default' && !enrolment.allowsDefault)
        return { kind: 'stranger', reason: 'clients need an invitation here (default_certificate: false)' };
      return trust.who === 'default' ? { kind: 'default' } : { kind: 'stranger', reason: trust.reason };
    },
    enrol: (request, origin) => enrolment.answer(request, origin),
  };
}

/** A client's trust decisions, from its certificates directory. */
export function clientTrust(certificates: ClientCertificates, wallNow: () => number): ClientTrust {
  return {
    credentials: async () => {
      const tls = await certificates.load();
      return { tls, enrols: tls.isDefault, endsAtMs: tls.notAfterMs };
    },
    propose: async ({ terms, keyingMaterial }) => {
      const { certificatePem, privateKeyPem } = await certificates.propose(terms);
      return {
        certificatePem,
        ...(keyingMaterial !== undefined && { proof: proveKey(privateKeyPem, keyingMaterial) }),
      };
    },
    rejectionReason: async (certificate) => {
      const { serverFingerprints } = await certificates.load();
      return serverFault(certificate?.der, { serverFingerprints, wallNowMs: wallNow() });
    },
    proposeRenewal: async ({ terms, keyingMaterial, isDue }) => {
      const proposed = terms && (await certificates.proposeRenewal(terms, { isDue }));
      if (proposed === undefined) return undefined;
      const { certificatePem, privateKeyPem } = proposed;
      return {
        certificatePem,
        ...(keyingMaterial !== undefined && { proof: proveKey(privateKeyPem, keyingMaterial) }),
      };
    },
    adoptRenewal: () => certificates.adoptRenewal(),
    store: ({ certificatePem, privateKeyPem }) =>
      // Without a key, it is the certificate that this client made.
      privateKeyPem === undefined
        ? certificates.adopt()
        : certificates.store({ certificatePem, privateKeyPem }),
  };
}
