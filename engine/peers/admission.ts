import { hostAndPort } from '../base/addresses.ts';
import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { JoinRequest } from '../contract/views.ts';
import type { Link } from './link.ts';
import type { Introduction } from './session-types.ts';

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly acceptAll: boolean;
  readonly fingerprintWords: (fingerprint: string) => string;
  readonly onChange: () => void;
}

interface WaitingRequest {
  readonly joinRequest: JoinRequest;
  readonly link: Link;
  readonly introduction: Introduction;
}

/**
 * Holds clients until the user accepts or rejects them. Strangers cannot keep others out by asking often: each address,
 * and each network, has few requests at a time, and when all places are taken the oldest request of the address with the
 * most goes. A certificate that was accepted under this name in this run is
 * admitted again without a question. A client without a certificate always needs a new answer, since anybody could use
 * its name.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #options: AdmissionOptions;
  readonly #waiting = new Map<number, WaitingRequest>();
  readonly #places = new FairPlaces<WaitingRequest>({
    places: LIMITS.joinRequestsWaiting,
    perAddress: LIMITS.joinRequestsPerAddress,
    perNetwork: LIMITS.joinRequestsPerNetwork,
  });
  /** Admitted fingerprints, with the name that each claims. */
  readonly #admitted = new Map<string, string>();
  #lastId = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get joinRequests(): readonly JoinRequest[] {
    return [...this.#waiting.values()].map(({ joinRequest }) => joinRequest);
  }

  /** Decides at once, or shows a join request and waits for the user. */
  ask(link: Link, introduction: Introduction): void {
    const fingerprint = introduction.certificate?.fingerprint;
    if (this.#options.acceptAll || (fingerprint !== undefined && this.#admitted.has(fingerprint))) {
      this.#admit(link, introduction);
      return;
    }
    this.#lastId += 1;
    const joinRequest = this.#describe(this.#lastId, link, introduction);
    const waiting = { joinRequest, link, introduction };
    this.#waiting.set(joinRequest.id, waiting);
    const evicted = this.#places.add(waiting, { address: link.connection.remoteAddress });
    if (evicted !== undefined) {
      this.#waiting.delete(evicted.joinRequest.id);
      evicted.link.reject('too-many-waiting');
    }
    this.#options.onChange();
  }

  /** @returns false if there is no such request */
  answer(id: number, accept: boolean): boolean {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return false;
    this.#waiting.delete(id);
    this.#places.delete(waiting);
    if (accept) this.#admit(waiting.link, waiting.introduction);
    else waiting.link.reject('declined');
    this.#options.onChange();
    return true;
  }

  /** A connection has ended: withdraws its request. */
  over(link: Link): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.link !== link) continue;
      this.#waiting.delete(id);
      this.#places.delete(waiting);
      this.#options.onChange();
    }
  }

  #admit(link: Link, { certificate, wireName }: Introduction): void {
    // With acceptAll there is nothing to remember, and unknown clients must not fill this map.
    if (certificate !== undefined && !this.#options.acceptAll) {
      this.#admitted.set(certificate.fingerprint, certificate.claimedName ?? wireName);
    }
    link.admit();
  }

  /**
   * The name is the certificate's common name: nothing else has been read yet, and every chat client's handshake says
   * `chat_client`.
   */
  #describe(id: number, link: Link, { certificate, wireName }: Introduction): JoinRequest {
    const name = certificate?.claimedName ?? wireName;
    const askedAtMs = this.#clock.wallNow();
    const impostor = certificate !== undefined && [...this.#admitted.values()].includes(name);
    return {
      id,
      name,
      address: hostAndPort(link.connection.remoteAddress, link.connection.remotePort),
      ...(certificate && { words: this.#options.fingerprintWords(certificate.fingerprint) }),
      askedAtMs,
      expiresAtMs: askedAtMs + LIMITS.joinRequestTimeoutMs,
      ...(impostor && {
        warning: `another machine was admitted as "${name}" before; this one has different words`,
      }),
    };
  }
}
