import type { PeerCertificate, TlsSettings } from '../base/ports.ts';
import type { EnrolmentRequest, IssuedCertificate } from '../protocol/enrolment.ts';
import type { Authentication } from './session-types.ts';

/** Authenticates clients in mutual TLS, before a server exchanges frames with them (PROTOCOL §5, “Trust in aioc”). */
export interface ServerTrust {
  /** What is wrong with the server's own certificate, for the log. */
  ownFault?(): Promise<string | undefined>;
  /** Looked up at each connection, so that a deletion takes effect at once. */
  authenticate(certificate: PeerCertificate | undefined): Promise<Authentication>;
  /** @throws AiocError why this name receives no certificate */
  enrol(request: EnrolmentRequest): Promise<IssuedCertificate>;
}

/** What a client in mutual TLS presents, and which server it trusts. */
export interface ClientTrust {
  /**
   * Read before each connection: the certificate to present, and the one to enrol with if that is only the default
   * certificate.
   */
  credentials(): Promise<{ readonly tls: TlsSettings; readonly enrolWith?: string }>;
  /** Why the server's certificate is not the expected one; undefined if it is. */
  rejectionReason(certificate: PeerCertificate | undefined): Promise<string | undefined>;
  /** Stores the certificate that the server has issued. */
  store(issued: IssuedCertificate): Promise<void>;
}
