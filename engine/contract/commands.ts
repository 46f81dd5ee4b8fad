/** Commands of a screen to the engine. Plain data, like everything in the contract. */

/** A line that only this side sees: the output of a shell command, or a note of aioc. */
export interface LocalRow {
  /** A second row with the same key replaces the first. */
  readonly key: string;
  readonly text: string;
  readonly tone?: 'info' | 'good' | 'bad';
  readonly shell?: {
    readonly running: boolean;
    readonly exitCode?: number;
    readonly signal?: string;
    readonly lines: readonly string[];
    readonly droppedLines: number;
  };
}

export type Command =
  | { readonly kind: 'newcomer.accept'; readonly joinRequest: number }
  | { readonly kind: 'newcomer.refuse'; readonly joinRequest: number }
  /** `on`: drops new messages to and from the peer (PROTOCOL §6). */
  | { readonly kind: 'peer.ignore'; readonly peer: string; readonly on: boolean }
  | { readonly kind: 'all.ignore'; readonly on: boolean }
  | { readonly kind: 'peer.ping'; readonly peer: string }
  | { readonly kind: 'peer.disconnect'; readonly peer: string }
  /**
   * Mutual TLS only. On a server: deletes that client's certificate and disconnects it. On a client: deletes its certificate
   * and reconnects with the default one. The value says what to do on the peer.
   */
  | { readonly kind: 'certificate.delete'; readonly peer: string }
  /** A server in mutual TLS. `hours`: how long it is valid; default: a day. The value is the code for `aioc join`. */
  | { readonly kind: 'client.invite'; readonly name: string; readonly hours?: number }
  /** `hard`: does not drain the queues. Until a start, sends of local programs fail. */
  | { readonly kind: 'connector.stop' | 'connector.restart'; readonly hard: boolean }
  | { readonly kind: 'connector.start' }
  /** A client reconnects now instead of at its next attempt; a server that could not listen tries again. */
  | { readonly kind: 'dial.now' }
  | { readonly kind: 'chat.say'; readonly peer: string; readonly text: string }
  /** Sends a line that has failed once more, as a new row; `row` is the id of the old one. */
  | { readonly kind: 'chat.again'; readonly peer: string; readonly row: number }
  | { readonly kind: 'chat.upload'; readonly peer: string; readonly path: string }
  /** `row` is the id of the transfer's chat row. */
  | { readonly kind: 'chat.cancel'; readonly peer: string; readonly row: number }
  | { readonly kind: 'chat.local'; readonly peer: string; readonly row: LocalRow }
  | { readonly kind: 'chat.read'; readonly peer: string }
  /** `aioc chat --exec`: runs a peer's command, once, or refuses it. */
  | { readonly kind: 'exec.answer'; readonly request: number; readonly run: boolean }
  /** Ends the shell of a peer. */
  | { readonly kind: 'exec.stop'; readonly peer: string }
  /** Names in the received-files folder, for completion. */
  | { readonly kind: 'files.list' }
  /** Copies (or unzips) a received file into `directory`, which is by default that of the received files. */
  | {
      readonly kind: 'files.import';
      readonly name: string;
      readonly directory?: string;
      readonly unzip: boolean;
    }
  /**
   * Drops the messages of a queue that are not on their way. `upTo` is the end that a peek has returned: what has come
   * since stays. The value is how many.
   */
  | { readonly kind: 'queue.purge'; readonly queue: string; readonly upTo: string }
  /** Stops a file on both sides; the value is its name. */
  | { readonly kind: 'transfer.cancel'; readonly id: string }
  | { readonly kind: 'log.note'; readonly text: string; readonly warning: boolean };

export type CommandValue = null | number | string | readonly string[];

export type CommandResult =
  | { readonly ok: true; readonly value: CommandValue }
  | { readonly ok: false; readonly code: string; readonly message: string };
