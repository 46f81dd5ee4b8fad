import type { PeerCertificate } from '../base/ports.ts';
import type { KnownMachines } from '../security/known-machines.ts';
import type { PeerKeeper } from './endpoint.ts';
import type { Link } from './link.ts';
import type { IdentifiedKind } from './session-types.ts';

export interface KnownServerOptions {
  readonly known: KnownMachines;
  /** The host and port that the user has given. */
  readonly address: string;
  readonly fingerprintWords: (fingerprint: string) => string;
  readonly keeper?: PeerKeeper | undefined;
}

/**
 * What the chat's client knows of the server at its address, as ssh does: the first time any certificate will do, and its
 * user compares the words; from then on only that one, and nothing is sent to another. Only servers that are aioc are
 * remembered: Python's chat need not keep its certificate.
 */
export class KnownServer {
  readonly #options: KnownServerOptions;
  #mismatch: string | undefined;

  constructor(options: KnownServerOptions) {
    this.#options = options;
  }

  /** Why the last server that answered is not the known one; undefined if it is, or if none is known. */
  get mismatch(): string | undefined {
    return this.#mismatch;
  }

  /** A new attempt begins. */
  dialling(): void {
    this.#mismatch = undefined;
  }

  /** Called before the first byte goes to a server. @returns why this is not the known one */
  async rejectionReason(certificate: PeerCertificate | undefined): Promise<string | undefined> {
    this.#mismatch =
      (await this.#mismatchOf(certificate)) ??
      (certificate && (await this.#options.keeper?.prepare(certificate.fingerprint)));
    return this.#mismatch;
  }

  /** The server has admitted this client. */
  established({ certificate }: Link, peerKind: IdentifiedKind): void {
    if (certificate === undefined || peerKind.kind !== 'aioc') return;
    const { known, address } = this.#options;
    const { fingerprint } = certificate;
    void known.remember({ role: 'server', name: peerKind.hello.name, address, fingerprint });
  }

  async #mismatchOf(certificate: PeerCertificate | undefined): Promise<string | undefined> {
    const { known, address, fingerprintWords } = this.#options;
    let server: Awaited<ReturnType<KnownMachines['server']>>;
    try {
      server = await known.server(address);
    } catch (error) {
      return (error as Error).message;
    }
    if (server === undefined || server.fingerprint === certificate?.fingerprint) return undefined;
    const shown =
      certificate === undefined ? 'no certificate' : `the words ${fingerprintWords(certificate.fingerprint)}`;
    return `${address} is not the machine that you know there as “${server.name}”: it shows ${shown} and not ${fingerprintWords(server.fingerprint)}. Either it was set up again, or someone is intercepting the connection. Nothing was sent. If you are sure: aioc known forget ${address}`;
  }
}
