import { hostAndPort, readHost } from '../base/addresses.ts';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import type { InviteOptions, MadeInvitation } from '../local/connector-commands.ts';
import { readCertificate } from '../security/certificate-facts.ts';
import { invitationCode } from '../security/invitation-code.ts';
import { Invitations } from '../security/invitations.ts';
import { ServerCertificates } from '../security/server-certificates.ts';
import { reachableAddresses } from './reachable-addresses.ts';

export interface ServerInvitationsOptions {
  readonly certificates: ServerCertificates;
  readonly invitations: Invitations;
  /** server_sockaddr */
  readonly host: string;
  readonly port: number;
}

interface OpenOptions extends Pick<ServerInvitationsOptions, 'host' | 'port'> {
  /** certificates_directory_path */
  readonly directory: string;
  /** max_certs */
  readonly maxCertificates?: number | undefined;
  readonly random: Randomness;
  readonly clock: Clock;
}

/** What an operator does about the clients of a server with mutual TLS. */
export class ServerInvitations {
  readonly #options: ServerInvitationsOptions;

  constructor(options: ServerInvitationsOptions) {
    this.#options = options;
  }

  /**
   * For a server that does not run.
   *
   * @throws AiocError AIOC_CERTIFICATES
   */
  static async open({
    directory,
    host,
    port,
    maxCertificates,
    random,
    clock,
  }: OpenOptions): Promise<ServerInvitations> {
    const wallNow = (): number => clock.wallNow();
    const certificates = await ServerCertificates.open({
      ...{ directory, random, clock, wallNow },
      ...(maxCertificates !== undefined && { maxCertificates }),
    });
    const invitations = new Invitations({ directory, random, clock });
    return new ServerInvitations({ certificates, invitations, host, port });
  }

  /**
   * Makes a one-time invitation for a new client; an earlier one for this name ends.
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATE_LIMIT, AIOC_COMMAND for other options,
   * AIOC_CERTIFICATES
   */
  async invite({ name, hours = LIMITS.invitationHours, address }: InviteOptions): Promise<MadeInvitation> {
    const { certificates, invitations } = this.#options;
    if (!(hours > 0 && hours <= LIMITS.invitationHoursMax))
      throw new AiocError(
        'AIOC_COMMAND',
        `an invitation is valid for at most ${LIMITS.invitationHoursMax} hours, and more than 0`,
      );
    const { host, port } = this.#reachedAt(address);
    await certificates.checkMayInvite(name);
    const { certificatePem } = await certificates.credentials();
    const serverFingerprint = readCertificate(certificatePem).fingerprint;
    const { secret, expiresAtMs } = await invitations.create(name, hours);
    const code = invitationCode({ host, port, name, serverFingerprint, secret });
    return { code, name, address: hostAndPort(host, port), expiresAtMs };
  }

  /**
   * Ends the trust in a client's certificate, and the name's invitation. The caller closes its connection.
   *
   * @throws AiocError AIOC_NAME_BAD, AIOC_CERTIFICATE_MISSING if it has neither, AIOC_CERTIFICATES
   */
  async remove(name: string, { onlySymlink }: { readonly onlySymlink: boolean }): Promise<void> {
    const { certificates, invitations } = this.#options;
    // Before the certificate, so that it cannot be requested again in between.
    const wasInvited = await invitations.withdraw(name);
    try {
      await certificates.remove(name, { removeOnlySymlink: onlySymlink });
    } catch (error) {
      if (!(wasInvited && error instanceof AiocError && error.code === 'AIOC_CERTIFICATE_MISSING'))
        throw error;
    }
  }

  #reachedAt(address: string | undefined): { readonly host: string; readonly port: number } {
    const { host, port } = this.#options;
    if (address === undefined) return { host: reachableAddresses(host)[0] ?? host, port };
    const read = readHost(address);
    if ('fault' in read) throw new AiocError('AIOC_COMMAND', `the address of the server: ${read.fault}`);
    return { port, ...read };
  }
}
