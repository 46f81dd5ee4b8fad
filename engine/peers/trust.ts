import type { PeerCertificate, TlsSettings } from '../base/ports.ts';
import type { EnrolmentRequest, EnrolmentTerms, IssuedCertificate } from '../protocol/enrolment.ts';
import type { EnrolmentOrigin } from '../security/enrolment.ts';
import type { Authentication, Proposal } from './session-types.ts';

/** Authenticates clients in mutual TLS, before a server exchanges frames with them (PROTOCOL §5, “Trust in aioc”). */
export interface ServerTrust {
  /** What is wrong with the server's own certificate, for the log. */
  ownFault?(): Promise<string | undefined>;
  /** Looked up at each connection, so that a deletion takes effect at once. */
  authenticate(certificate: PeerCertificate | undefined): Promise<Authentication>;
  /** What this server demands of certificates that clients make. */
  readonly terms: EnrolmentTerms;
  /**
   * Waits for its turn among other requests; one whose connection is gone by then is dropped.
   *
   * @throws AiocError why this name receives no certificate
   */
  enrol(request: EnrolmentRequest, origin: EnrolmentOrigin): Promise<IssuedCertificate>;
}

/** What a client in mutual TLS presents, and which server it trusts. */
export interface ClientTrust {
  /**
   * Read before each connection: the certificate to present, and whether to request one of its own over that
   * connection.
   */
  credentials(): Promise<ClientPresentation>;
  /** Why the server's certificate is not the expected one; undefined if it is. */
  rejectionReason(certificate: PeerCertificate | undefined): Promise<string | undefined>;
  /**
   * Creates the certificate to request, or the one of an earlier request that had no answer.
   *
   * @throws AiocError why there is none; AIOC_CERTIFICATE_EXISTS if another connector of this name has stored one
   */
  propose(options: ProposalOptions): Promise<Proposal>;
  /** Stores the certificate that the server has issued. */
  store(issued: IssuedCertificate): Promise<void>;
  /**
   * Creates the certificate that shall replace this client's own, or the one of an earlier attempt.
   *
   * @param isDue whether to do so before less than a third of its life is left
   * @returns undefined if it is too early
   * @throws AiocError why there is none
   */
  proposeRenewal?(options: ProposalOptions & { readonly isDue: boolean }): Promise<Proposal | undefined>;
  /** The server has accepted that certificate: it is this client's own from now on. */
  adoptRenewal?(): Promise<void>;
}

interface ClientPresentation {
  readonly tls: TlsSettings;
  /** The certificate in `tls` is not this client's own yet: it requests one and does nothing else. */
  readonly enrols?: boolean;
  /** When this client's certificate ends, in milliseconds since 1970. */
  readonly endsAtMs?: number;
}

interface ProposalOptions {
  /** The server's terms; undefined if it tells none (Python, or an older aioc). */
  readonly terms: EnrolmentTerms | undefined;
  /** See enrolmentKeyingMaterial. */
  readonly keyingMaterial: Buffer | undefined;
}
