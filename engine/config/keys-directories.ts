/** The keys about what lies on this machine: directories, the log, and the sockets of the programs here. */
import { defineKey } from './key-spec.ts';
import { BOOLEAN, count, DIRECTORY, LOG_LEVEL, ROTATION } from './shapes.ts';

/**
 * Where connectors of one machine have their sockets and, if nothing else is said, everything else: the first aioconnectors
 * and aioc in the first of these, Python's 1.6.3 in the second.
 */
export const USUAL_CONNECTOR_DIRECTORIES = ['/tmp/aioconnectors', '/var/tmp/aioconnectors'] as const;
export const CONNECTOR_DIRECTORY = USUAL_CONNECTOR_DIRECTORIES[0];

export const DIRECTORY_KEYS = {
  connector_files_dirpath: defineKey({
    shape: DIRECTORY,
    default: CONNECTOR_DIRECTORY,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'The directory of the connector’s sockets and stored messages, by which its programs find it.',
  }),
  default_logger_dirpath: defineKey({
    shape: DIRECTORY,
    default: CONNECTOR_DIRECTORY,
    follows: 'connector_files_dirpath',
    templates: ['manager', 'api'],
    state: 'works',
    help: 'The directory of the log file.',
  }),
  default_logger_log_level: defineKey({
    shape: LOG_LEVEL,
    default: 'INFO',
    falsy: 'INFO',
    templates: ['manager', 'api'],
    state: 'works',
    help: 'The least important lines that are still logged.',
  }),
  default_logger_rotate: defineKey({
    shape: ROTATION,
    default: true,
    falsy: false,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Whether a new log file is begun when one is full: at 64 MiB (true) or at a number of bytes.',
  }),
  default_logger_bk_count: defineKey({
    shape: count({ min: 0, max: 10_000 }),
    default: 5,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'How many full log files are kept.',
  }),
  silent: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Whether the log goes to its file only, and not to the standard output too.',
  }),
  debug_msg_counts: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Whether the numbers of messages are logged every two minutes.',
  }),
  uds_path_receive_preserve_socket: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Whether a connector keeps its connection to a listener, instead of making one for each message.',
  }),
  uds_path_send_preserve_socket: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Whether a program keeps its connection to the connector, instead of making one for each message.',
  }),
  reuse_uds_path_commander_server: defineKey({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    state: 'later',
    instead: 'a socket file that nobody answers on is always replaced, one that is in use never',
    help: 'Replaces a command socket that is already there.',
  }),
  reuse_uds_path_send_to_connector: defineKey({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    state: 'later',
    instead: 'a socket file that nobody answers on is always replaced, one that is in use never',
    help: 'Replaces a sending socket that is already there.',
  }),
  everybody_can_send_messages: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Whether programs of other users may send through a connector that root started, and do nothing else; a file that one names is then sent only if every user may read it.',
  }),
  receive_from_any_connector_owner: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['api'],
    state: 'works',
    help: 'Whether a listener that root started takes messages from any user’s connector, where such a one can be.',
  }),
};
