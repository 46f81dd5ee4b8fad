/**
 * Every error that a user can see, by its stable code. The text here says what happened in general. The message of an
 * AiocError says what happened to which object, why, and what to do. `npm run docs` writes this table to source/README.md.
 */
export const ERROR_CODES = {
  AIOC_USAGE: 'The command line is not valid.',
  AIOC_NO_TERMINAL: 'The screen needs a terminal for both its input and its output.',
  AIOC_ALREADY_RUNNING: 'The same connector is already running.',
  AIOC_CONFIG: 'The configuration is not valid or cannot be read or written.',
  AIOC_DIRECTORY: 'Another user could change the contents of a directory or a log file.',
  AIOC_PORT_TAKEN: 'Another program is already listening on the port.',
  AIOC_LISTEN: 'aioc cannot listen on the address or port.',
  AIOC_CONNECT: 'aioc cannot connect to the host.',
  AIOC_REFUSED_BY_PEER: 'The peer refused the connection.',
  AIOC_PEER_UNKNOWN: 'There is no peer with that name.',
  AIOC_PEER_AWAY: 'The peer is not connected.',
  AIOC_TIMEOUT: 'The peer, or the connector, did not answer in time.',
  AIOC_FRAME_TOO_LARGE: 'A frame, or a part of it that must fit in memory, exceeds its limit.',
  AIOC_FRAME_BAD: 'A frame violates the protocol.',
  AIOC_NAME_BAD: 'A name has characters or a length that the protocol does not allow.',
  AIOC_QUEUE_FULL: 'The queue to the peer has reached its limit.',
  AIOC_STORE_GAP: 'Messages are missing before the ones that arrived.',
  AIOC_STORE_AWAY: 'The store of messages cannot be reached; whether it did what was asked is unknown.',
  AIOC_DISK_FULL: 'The disk is full, so nothing was stored.',
  AIOC_DISK: 'The disk could not be read or written.',
  AIOC_JOURNAL: 'The directory has no journal, or one that this version cannot use.',
  AIOC_JOURNAL_IN_USE: 'Another process is using the journal.',
  AIOC_IGNORED: 'The peer is ignored, so the message was dropped.',
  AIOC_FILE_MISSING: 'The file or directory does not exist.',
  AIOC_FILE_UNREADABLE: 'The file or directory cannot be read.',
  AIOC_FILE_CHANGED: 'The file changed while it was being sent.',
  AIOC_FILE_NAME_BAD: 'The file name is not allowed here.',
  AIOC_FILE_WRITE: 'The file could not be written.',
  AIOC_FILE_QUOTA: 'A peer has sent as many files or bytes as its quota allows.',
  AIOC_ARCHIVE_BAD: 'The archive is damaged or unsafe, so nothing was unpacked.',
  AIOC_SOCKET_PATH: 'The path of a unix socket is too long for the system.',
  AIOC_CONNECTOR_AWAY: 'The connector on this machine is not running, or its socket cannot be used.',
  AIOC_LISTENER_TAKEN: 'Another program is already listening to this message type.',
  AIOC_RESPONSE_LOST: 'The connection between the connectors was lost before the response arrived.',
  AIOC_TYPE_UNKNOWN: 'The connector is not configured for the message type.',
  AIOC_COMMAND: 'The connector could not run a command.',
  AIOC_READ_ONLY: 'The screen is read-only, so the connector refused its command.',
  AIOC_OUTPUT: 'The output of a command could not be written.',
  AIOC_NOT_SAVED: 'A command took effect, but could not be saved in the configuration file.',
  AIOC_CANCELLED: 'The operation was cancelled.',
  AIOC_STATE_DIRECTORY: 'The state directory, which has your identity, cannot be used.',
  AIOC_CERTIFICATES: 'The certificates directory is missing, damaged, or cannot be used.',
  AIOC_CERTIFICATE_BAD: 'A certificate is damaged, expired, or not allowed for a client.',
  AIOC_CERTIFICATE_EXISTS: 'The name already has a certificate.',
  AIOC_CERTIFICATE_LIMIT: 'The server has issued its maximum number of certificates.',
  AIOC_CERTIFICATE_MISSING: 'There is no certificate with that name.',
  AIOC_INVITATION: 'An invitation is damaged, used, expired, or for another name.',
  AIOC_CONTRACT_VERSION: 'The screen and the engine have different versions.',
  AIOC_ENGINE_GONE: 'The engine stopped unexpectedly.',
  AIOC_INTERNAL: 'There is a bug in aioc.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface AiocErrorOptions {
  readonly cause?: unknown;
  /** The reason in words that a peer may read: without paths and names of this machine. */
  readonly forPeer?: string | undefined;
}

/** An error with a stable code and a message that says what to do about it. */
export class AiocError extends Error {
  override readonly name = 'AiocError';
  readonly code: ErrorCode;
  /** What a peer may read of it; undefined: only the meaning of its code. */
  readonly forPeer: string | undefined;

  constructor(code: ErrorCode, message: string, options: AiocErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.forPeer = options.forPeer;
  }
}

/** What a peer may read of an error: nothing of this machine. */
export function reasonForPeer({ forPeer, code }: AiocError): string {
  return forPeer ?? ERROR_CODES[code];
}

/** Returns `error` if it is an AiocError, or else an AiocError with the code `fallback` and the same message. */
export function toAiocError(error: unknown, fallback: ErrorCode = 'AIOC_INTERNAL'): AiocError {
  if (error instanceof AiocError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AiocError(fallback, message, { cause: error });
}

/** Node's code of a system error (`ENOENT`, …); undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
