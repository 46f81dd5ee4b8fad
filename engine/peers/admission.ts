import { hostAndPort } from '../base/addresses.ts';
import { FairPlaces } from '../base/fair-places.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import type { JoinRequest } from '../contract/views.ts';
import type { KnownMachines } from '../security/known-machines.ts';
import type { Link } from './link.ts';
import type { Introduction } from './session-types.ts';

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly acceptAll: boolean;
  readonly fingerprintWords: (fingerprint: string) => string;
  /** The clients that were accepted before. */
  readonly known: KnownMachines;
  readonly onChange: () => void;
  /** What was known of a client cannot be read: it is asked about again. */
  readonly onUnreadable: (reason: string) => void;
  /** Called before a machine with a certificate is admitted. It never rejects. */
  readonly prepare?: (fingerprint: string) => Promise<unknown>;
}

interface WaitingRequest {
  readonly joinRequest: JoinRequest;
  readonly link: Link;
  readonly introduction: Introduction;
}

/**
 * Holds clients until the user accepts or rejects them. Strangers cannot keep others out by asking often: each address,
 * and each network, has few requests at a time, and when all places are taken the oldest request of the address with the
 * most goes. A client whose certificate was accepted before is admitted again without a question. One without a
 * certificate always needs a new answer, since anybody could use its name.
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
  /** Connections of which it is being looked up whether they are known. */
  readonly #lookedUp = new Set<Link>();
  #lastId = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  get joinRequests(): readonly JoinRequest[] {
    return [...this.#waiting.values()].map(({ joinRequest }) => joinRequest);
  }

  /** Admits a known client, or shows a join request and waits for the user; `onWaiting` is called then. */
  ask(link: Link, introduction: Introduction, onWaiting: () => void): void {
    const fingerprint = introduction.certificate?.fingerprint;
    if (this.#options.acceptAll) return link.admit();
    if (fingerprint === undefined) return this.#hold(link, introduction, { onWaiting });
    const name = nameOf(introduction);
    this.#lookedUp.add(link);
    this.#options.known.recognise({ fingerprint, name }).then(
      ({ isKnown, isNameOfAnother }) => {
        if (!this.#lookedUp.delete(link)) return;
        if (isKnown) return this.#prepared(link, fingerprint);
        this.#hold(link, introduction, { onWaiting, isNameOfAnother });
      },
      (error: Error) => {
        this.#options.onUnreadable(error.message);
        if (this.#lookedUp.delete(link)) this.#hold(link, introduction, { onWaiting });
      },
    );
  }

  #hold(
    link: Link,
    introduction: Introduction,
    { onWaiting, isNameOfAnother = false }: { onWaiting: () => void; isNameOfAnother?: boolean },
  ): void {
    this.#lastId += 1;
    const described = this.#describe(this.#lastId, link, introduction);
    const warning = `another machine was admitted as "${described.name}" before; this one has different words`;
    const joinRequest = isNameOfAnother ? { ...described, warning } : described;
    const waiting = { joinRequest, link, introduction };
    this.#waiting.set(joinRequest.id, waiting);
    const evicted = this.#places.add(waiting, { address: link.connection.remoteAddress });
    if (evicted !== undefined) {
      this.#waiting.delete(evicted.joinRequest.id);
      evicted.link.reject('too-many-waiting');
    }
    onWaiting();
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

  /** An admitted client is connected: from now on it is known by the name that it has given itself. */
  established({ certificate }: Link, name: string): void {
    if (certificate === undefined || this.#options.acceptAll) return;
    void this.#options.known.seen({ role: 'client', name, fingerprint: certificate.fingerprint });
  }

  /** A connection has ended: withdraws its request. */
  over(link: Link): void {
    this.#lookedUp.delete(link);
    for (const [id, waiting] of this.#waiting) {
      if (waiting.link !== link) continue;
      this.#waiting.delete(id);
      this.#places.delete(waiting);
      this.#options.onChange();
    }
  }

  #admit(link: Link, introduction: Introduction): void {
    const { certificate } = introduction;
    if (certificate !== undefined) {
      const { fingerprint } = certificate;
      const name = nameOf(introduction);
      void this.#options.known.remember({ role: 'client', name, certificateName: name, fingerprint });
      return this.#prepared(link, fingerprint);
    }
    link.admit();
  }

  #prepared(link: Link, fingerprint: string): void {
    const { prepare } = this.#options;
    if (prepare === undefined) return link.admit();
    void prepare(fingerprint).then(() => link.admit());
  }

  #describe(id: number, link: Link, introduction: Introduction): JoinRequest {
    const { certificate } = introduction;
    const askedAtMs = this.#clock.wallNow();
    return {
      id,
      name: nameOf(introduction),
      address: hostAndPort(link.connection.remoteAddress, link.connection.remotePort),
      ...(certificate && { words: this.#options.fingerprintWords(certificate.fingerprint) }),
      askedAtMs,
      expiresAtMs: askedAtMs + LIMITS.joinRequestTimeoutMs,
    };
  }
}

/**
 * The certificate's common name: nothing else has been read before a client is admitted, and every chat client's
 * handshake says `chat_client`.
 */
function nameOf({ certificate, wireName }: Introduction): string {
  return certificate?.claimedName ?? wireName;
}
