/**
 * Every error an operator can meet, with its stable code. The text says what the code means; the message of a
 * particular error says what to do. `npm run docs` writes the table in source/README.md from it.
 */
export const ERROR_CODES = {
  AIOC_USAGE: 'The command line could not be understood.',
  AIOC_NO_TERMINAL: 'The full-screen monitor needs a terminal on both its input and its output.',
  AIOC_ALREADY_RUNNING: 'The same connector runs already.',
  AIOC_CONFIG: 'The configuration cannot be used.',
  AIOC_DIRECTORY: 'A directory or log file is one that another user could change.',
  AIOC_PORT_TAKEN: 'Another program already listens on the port.',
  AIOC_LISTEN: 'The address or port cannot be listened on.',
  AIOC_CONNECT: 'The other machine could not be reached.',
  AIOC_REFUSED_BY_PEER: 'The other side did not let this one in.',
  AIOC_PEER_UNKNOWN: 'No peer goes by that name here.',
  AIOC_PEER_AWAY: 'The peer is not connected.',
  AIOC_TIMEOUT: 'The other side did not answer in time.',
  AIOC_FRAME_TOO_LARGE: 'A frame, or a part of it that must be held in memory, exceeds its limit.',
  AIOC_FRAME_BAD: 'A frame contradicts the protocol.',
  AIOC_NAME_BAD: 'A name has characters or a length that the protocol does not allow.',
  AIOC_QUEUE_FULL: 'The queue to the peer has reached its limit.',
  AIOC_STORE_GAP: 'Messages are missing before those that came.',
  AIOC_DISK_FULL: 'The disk is full, so it was not stored.',
  AIOC_DISK: 'The disk could not be written or read.',
  AIOC_JOURNAL: 'The directory holds no journal that this version can use.',
  AIOC_JOURNAL_IN_USE: 'Another process uses the journal.',
  AIOC_IGNORED: 'The peer is ignored, so the message was dropped.',
  AIOC_FILE_MISSING: 'The file or directory is not there.',
  AIOC_FILE_UNREADABLE: 'The file or directory cannot be read.',
  AIOC_FILE_CHANGED: 'The file changed while it was being sent.',
  AIOC_FILE_NAME_BAD: 'The file name cannot be used here.',
  AIOC_FILE_WRITE: 'The file could not be written.',
  AIOC_ARCHIVE_BAD: 'The archive is damaged or unsafe, and nothing of it was unpacked.',
  AIOC_SOCKET_PATH: 'The path of a unix socket is longer than systems allow.',
  AIOC_CONNECTOR_AWAY: 'The connector of this machine does not run, or its socket cannot be used.',
  AIOC_LISTENER_TAKEN: 'Another program listens to the same message type of the same connector.',
  AIOC_RESPONSE_LOST: 'A connection between connectors broke while a response was awaited.',
  AIOC_TYPE_UNKNOWN: 'The message type is not among those that this connector takes.',
  AIOC_COMMAND: 'The connector could not do what a command asked for.',
  AIOC_OUTPUT: 'The output of a command could not be written.',
  AIOC_NOT_SAVED: 'A command had its effect, but it could not be saved in the configuration file.',
  AIOC_CANCELLED: 'It was cancelled.',
  AIOC_STATE_DIRECTORY: 'The directory that holds this side’s identity cannot be used.',
  AIOC_CERTIFICATES: 'The certificates directory is missing, damaged, or cannot be used.',
  AIOC_CERTIFICATE_BAD: 'A certificate is damaged, expired, or not one that a client may have.',
  AIOC_CERTIFICATE_EXISTS: 'The name has a certificate already.',
  AIOC_CERTIFICATE_LIMIT: 'The server has issued as many certificates as it may.',
  AIOC_CERTIFICATE_MISSING: 'There is no certificate of that name.',
  AIOC_CONTRACT_VERSION: 'The screen and the engine are of different versions.',
  AIOC_ENGINE_GONE: 'The engine stopped unexpectedly.',
  AIOC_INTERNAL: 'A defect in aioc itself.',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a stable code and a message that says what to do about it. */
export class AiocError extends Error {
  override readonly name = 'AiocError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The error as an AiocError; one that is not yet one becomes `fallback` with its own message. */
export function toAiocError(error: unknown, fallback: ErrorCode = 'AIOC_INTERNAL'): AiocError {
  if (error instanceof AiocError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AiocError(fallback, message, { cause: error });
}

/** Node's error code of a system error (`ENOENT`, …), if it is one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
