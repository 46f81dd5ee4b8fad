import type { PeerCertificate, TlsSettings } from '../base/ports.ts';
import type { EnrolmentRequest, IssuedCertificate } from '../protocol/enrolment.ts';
import type { Authentication } from './session-types.ts';

/** What a server in mutual TLS asks before it exchanges frames with a client (PROTOCOL §5, “Trust in aioc”). */
export interface ServerTrust {
  /** What is wrong with the server's own certificate, in a sentence for the log. */
  ownFault?(): Promise<string | undefined>;
  /** Looked up anew at each connection, so that a deletion takes effect at once. */
  authenticate(certificate: PeerCertificate | undefined): Promise<Authentication>;
  /** @throws AiocError why this name gets no certificate */
  enrol(request: EnrolmentRequest): Promise<IssuedCertificate>;
}

/** What a client in mutual TLS shows, and whom it believes. */
export interface ClientTrust {
  /** Read anew before each call: what to show, and what to ask for when that is only the default certificate. */
  credentials(): Promise<{ readonly tls: TlsSettings; readonly enrolWith?: string }>;
  /** Why the server's certificate is not the one that we know; undefined when it is. */
  rejectionReason(certificate: PeerCertificate | undefined): Promise<string | undefined>;
  /** Keeps the certificate that the server has given us. */
  store(issued: IssuedCertificate): Promise<void>;
}
