export interface AccessChange {
  readonly list: 'whitelist' | 'blacklist';
  readonly what: 'add' | 'remove';
  readonly name?: string;
  readonly address?: string;
}

/** Who asks for a command, for the log: `a command` is one of `aioc cli` or of a remote tool, Python's or ours. */
export type CommandSource = 'the screen' | 'an attached screen' | 'a command' | 'its program';

/** Whose messages are dropped from now on: everybody's, those of one peer and no other (as Python has it), or nobody's. */
export type IgnoreChange = 'everybody' | 'nobody' | { readonly only: string };

/**
 * What can be asked of a running connector from its own machine, whoever asks: Python's tool, ours, or a screen. Each
 * command is logged with who asked for it. One that changes the configuration saves it there; where that fails it throws
 * AIOC_NOT_SAVED, though it has had its effect.
 */
export interface ConnectorCommands {
  /** Connected peers by name, with address and port. */
  connectedPeers(): Readonly<Record<string, readonly [string, number]>>;
  queues(): { readonly received: number; readonly toSend: Readonly<Record<string, number>> };
  /** true: all; a list: those peers; false: nobody. */
  ignored(): boolean | readonly string[];
  /** @throws AiocError AIOC_NOT_SAVED */
  ignore(change: IgnoreChange): Promise<void>;
  logLevel(): string;
  setLogLevel(level: string): void;
  /** @throws AiocError AIOC_CERTIFICATE_MISSING */
  deleteCertificateOfClient(name: string, options: { readonly onlySymlink: boolean }): Promise<void>;
  /** A client's own; it asks for a new one at its next connection. */
  deleteOwnCertificate(options: { readonly reconnect: boolean }): Promise<void>;
  /** @returns false when there is no such client */
  disconnectClient(name: string): boolean;
  /**
   * Adds a client to one of a server's lists, by its name (or a pattern) or its address (or a subnet), or takes it out.
   *
   * @returns false for an entry that is not in the list
   * @throws AiocError AIOC_CONFIG for a pattern or an address that cannot be one, AIOC_COMMAND, also on a client,
   * AIOC_NOT_SAVED
   */
  changeAccess(change: AccessChange): Promise<boolean>;
  /**
   * Deletes the messages that a Python connector of the same name has left on the disk (PROTOCOL §6), and of our own
   * those for whom the configuration has nobody any more: for another server, or of a type that is not received.
   *
   * @returns the names of Python's files
   * @throws AiocError AIOC_COMMAND when one cannot be deleted, and what the store throws
   */
  deletePersistenceRemains(): Promise<readonly string[]>;
  /** @throws AiocError AIOC_CONFIG for a key that does not exist */
  attribute(key: string): unknown;
  start(): Promise<void>;
  stop(options: { readonly hard: boolean; readonly shutdown: boolean }): Promise<void>;
  restart(options: { readonly hard: boolean; readonly delayMs: number }): Promise<void>;
}
