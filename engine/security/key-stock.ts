import { LIMITS } from '../base/limits.ts';
import { type KeyPair, makeKeyPair } from './keys-and-certificates.ts';

/**
 * Keys for the certificates of Python clients, made one at a time, since each occupies a processor for 0.1 to 0.3 s.
 * From the first request on, a few are made ahead of need.
 */
export class KeyStock {
  readonly #make: () => Promise<KeyPair>;
  readonly #ready: KeyPair[] = [];
  #making: Promise<void> | undefined;

  constructor(make: () => Promise<KeyPair> = makeKeyPair) {
    this.#make = make;
  }

  /** A key that nobody else gets. */
  async take(): Promise<KeyPair> {
    for (;;) {
      const key = this.#ready.shift();
      const filling = this.#fill();
      if (key !== undefined) {
        // The next request for a key gets the error.
        filling?.catch(() => undefined);
        return key;
      }
      await filling;
    }
  }

  /** The key was not used. */
  giveBack(key: KeyPair): void {
    this.#ready.push(key);
  }

  /** Makes the next key; undefined if there are enough. */
  #fill(): Promise<void> | undefined {
    if (this.#ready.length >= LIMITS.keysInStock) return undefined;
    this.#making ??= this.#make().then(
      (key) => {
        this.#ready.push(key);
        this.#making = undefined;
        this.#fill()?.catch(() => undefined);
      },
      (error: unknown) => {
        this.#making = undefined;
        throw error;
      },
    );
    return this.#making;
  }
}
