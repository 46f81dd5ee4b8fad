import type { Header } from '../protocol/header.ts';
import type { ByteSink } from './byte-sink.ts';
import type { SpaceReservation } from './disk-space.ts';
import type { FileContent } from './file-content.ts';

/** What became of a piece, and so of its message. */
export type PieceOutcome =
  /** Other pieces are missing, or the message of the file was delivered: it has no message of its own. */
  | { readonly kind: 'kept' }
  /** The message of the file is delivered, with this header. */
  | { readonly kind: 'whole'; readonly header: Header };

export interface PieceSinkOptions {
  readonly content: FileContent;
  readonly reservation: SpaceReservation;
  /** The piece is complete and synced. */
  readonly finished: () => Promise<PieceOutcome>;
  readonly failed: (error: unknown) => Promise<PieceOutcome>;
  /** Called once, at its end. */
  readonly closed: () => Promise<void>;
}

/** Receives one piece of a file. */
export class PieceSink implements ByteSink {
  readonly #options: PieceSinkOptions | undefined;
  #outcome: PieceOutcome | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param outcome it is already refused */
  constructor(options: PieceSinkOptions | undefined, outcome?: PieceOutcome) {
    this.#options = options;
    this.#outcome = outcome;
  }

  /** After `end`. */
  get outcome(): PieceOutcome {
    return this.#outcome ?? { kind: 'kept' };
  }

  write(bytes: Buffer): Promise<void> {
    this.#writing = this.#try(async ({ content, reservation }) => {
      await reservation.use(bytes.length);
      await content.write(bytes);
    });
    return this.#writing;
  }

  async end(): Promise<void> {
    await this.#try(async ({ content, finished }) => {
      await content.finish();
      await content.close();
      this.#outcome = await finished();
    });
    await this.#close();
  }

  abort(): void {
    void this.#writing.then(async () => {
      await this.#options?.content.discard().catch(() => undefined);
      await this.#close();
    });
  }

  async #try(action: (options: PieceSinkOptions) => Promise<void>): Promise<void> {
    if (this.#options === undefined || this.#outcome !== undefined) return;
    try {
      await action(this.#options);
    } catch (error) {
      await this.#options.content.discard().catch(() => undefined);
      this.#outcome = await this.#options.failed(error);
    }
  }

  async #close(): Promise<void> {
    this.#options?.reservation.release();
    await this.#options?.closed();
  }
}
