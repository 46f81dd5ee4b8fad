import type { TransferRow } from '../contract/views.ts';

export interface AccessChange {
  readonly list: 'whitelist' | 'blacklist';
  readonly what: 'add' | 'remove';
  readonly name?: string;
  readonly address?: string;
}

/** The source of a command, for the log. `a command` comes from `aioc cli` or a remote tool (Python's or aioc's). */
export type CommandSource = 'the screen' | 'an attached screen' | 'a command' | 'its program';

export interface InviteOptions {
  /** The name of the new client. */
  readonly name: string;
  /** How long the invitation is valid. Default: LIMITS.invitationHours; at most LIMITS.invitationHoursMax. */
  readonly hours?: number | undefined;
  /** The server's address as the client reaches it, with or without a port. Default: one on which it listens. */
  readonly address?: string | undefined;
}

export interface MadeInvitation {
  /** For `aioc join`: see invitationCode. */
  readonly code: string;
  readonly name: string;
  /** The server's address in the code. */
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** Which partial files to delete: one, by its id, or those to which nothing was added for so long. */
export type CleanChoice = { readonly id: string } | { readonly idleMs: number };

/** The peers to ignore: all, none, or only one (as in Python). */
export type IgnoreChange = 'everybody' | 'nobody' | { readonly only: string };

/**
 * Commands to a running connector from its machine: from Python's tool, aioc's tool or a screen. Each is logged with its
 * source. A command that changes the configuration saves it; if saving fails, it throws AIOC_NOT_SAVED but stays in effect.
 */
export interface ConnectorCommands {
  /** Connected peers by name, with address and port. */
  connectedPeers(): Readonly<Record<string, readonly [string, number]>>;
  queues(): { readonly received: number; readonly toSend: Readonly<Record<string, number>> };
  /** true: all peers; false: none; a list: those peers. */
  ignored(): boolean | readonly string[];
  /** @throws AiocError AIOC_NOT_SAVED */
  ignore(change: IgnoreChange): Promise<void>;
  logLevel(): string;
  setLogLevel(level: string): void;
  /** @throws AiocError AIOC_CERTIFICATE_MISSING */
  deleteCertificateOfClient(name: string, options: { readonly onlySymlink: boolean }): Promise<void>;
  /**
   * Makes a one-time invitation for a new client of this server: see ServerInvitations.
   *
   * @throws AiocError AIOC_COMMAND if this connector is no server with mutual TLS, AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS
   */
  invite(options: InviteOptions): Promise<MadeInvitation>;
  /** Deletes a client's certificate on the client, which requests a new one when it connects again. */
  deleteOwnCertificate(options: { readonly reconnect: boolean }): Promise<void>;
  /**
   * Replaces a client's certificate over its connection to the server. Resolves when the new one is stored.
   *
   * @throws AiocError AIOC_COMMAND if this connector or its server cannot, AIOC_PEER_AWAY, AIOC_REFUSED_BY_PEER
   */
  renewCertificate(): Promise<void>;
  /** @returns false if there is no such client */
  disconnectClient(name: string): boolean;
  /**
   * Adds a client to an access list of a server, or removes it: by name, pattern, address or subnet.
   *
   * @returns false if the entry to remove is not in the list
   * @throws AiocError AIOC_CONFIG for an invalid pattern or address, AIOC_COMMAND (for example on a client), AIOC_NOT_SAVED
   */
  changeAccess(change: AccessChange): Promise<boolean>;
  /**
   * Deletes stored messages of a Python connector with the same name (PROTOCOL §6), and aioc's stored messages that the
   * configuration no longer covers: to another server, or of a type that is not received.
   *
   * @returns the names of Python's files
   * @throws AiocError AIOC_COMMAND if a file cannot be deleted, and the errors of the store
   */
  deletePersistenceRemains(): Promise<readonly string[]>;
  /** Files on their way in both directions, and partial files that wait for their peers. */
  transfers(): Promise<readonly TransferRow[]>;
  /**
   * Stops a transfer, and tells the other side why. The message of an outgoing file goes without it.
   *
   * @returns the transfer as it was
   * @throws AiocError AIOC_FILE_MISSING
   */
  cancelTransfer(id: string): Promise<TransferRow>;
  /**
   * Deletes partial files. Peers that still have such a file send it again from the start.
   *
   * @returns those that were deleted
   * @throws AiocError AIOC_FILE_MISSING for an unknown id, AIOC_COMMAND for one that is being received
   */
  cleanTransfers(choice: CleanChoice): Promise<readonly TransferRow[]>;
  /** @throws AiocError AIOC_CONFIG for a key that does not exist */
  attribute(key: string): unknown;
  start(): Promise<void>;
  stop(options: { readonly hard: boolean; readonly shutdown: boolean }): Promise<void>;
  restart(options: { readonly hard: boolean; readonly delayMs: number }): Promise<void>;
}
