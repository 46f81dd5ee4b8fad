/** What a screen may ask the engine to do. Plain data, like everything of the contract. */

/** A line that only this side sees: the output of a shell command, or a remark of the program. */
export interface LocalRow {
  /** Sending the same key again replaces the row. */
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
  /** `on` drops new messages to and from the peer until it is switched off again (PROTOCOL §6). */
  | { readonly kind: 'peer.ignore'; readonly peer: string; readonly on: boolean }
  | { readonly kind: 'all.ignore'; readonly on: boolean }
  | { readonly kind: 'peer.ping'; readonly peer: string }
  | { readonly kind: 'peer.disconnect'; readonly peer: string }
  /**
   * Mutual TLS only. A server: ends the trust in that client's certificate, and cuts it off at once. A client: goes back
   * from its own certificate to the default one, and connects again. The value says what the other side must now do.
   */
  | { readonly kind: 'certificate.delete'; readonly peer: string }
  /** `hard` does not wait until the queues are empty. What programs of this machine send is refused until a start. */
  | { readonly kind: 'connector.stop' | 'connector.restart'; readonly hard: boolean }
  | { readonly kind: 'connector.start' }
  /** Call the server again now instead of at the next try; a server that could not listen tries again. */
  | { readonly kind: 'dial.now' }
  | { readonly kind: 'chat.say'; readonly peer: string; readonly text: string }
  | { readonly kind: 'chat.upload'; readonly peer: string; readonly path: string }
  /** `row` is the id of the transfer's chat row. */
  | { readonly kind: 'chat.cancel'; readonly peer: string; readonly row: number }
  | { readonly kind: 'chat.local'; readonly peer: string; readonly row: LocalRow }
  | { readonly kind: 'chat.read'; readonly peer: string }
  /** Names in the received-files folder, for completion. */
  | { readonly kind: 'files.list' }
  /** Copies (or unzips) a received file into `directory`. */
  | {
      readonly kind: 'files.import';
      readonly name: string;
      readonly directory: string;
      readonly unzip: boolean;
    }
  | { readonly kind: 'log.note'; readonly text: string; readonly warning: boolean }
  | { readonly kind: 'engine.stop' };

export type CommandValue = null | number | string | readonly string[];

export type CommandResult =
  | { readonly ok: true; readonly value: CommandValue }
  | { readonly ok: false; readonly code: string; readonly message: string };
