/** Keys about local resources: directories, the log, and the sockets of local programs. */
import { defineKey } from './key-spec.ts';
import { BOOLEAN, count, DIRECTORY, LOG_LEVEL, ROTATION } from './shapes.ts';

/** Default connector directories: of aioc and early versions of Python's aioconnectors, and of Python's 1.6.3. */
export const USUAL_CONNECTOR_DIRECTORIES = ['/tmp/aioconnectors', '/var/tmp/aioconnectors'] as const;
export const CONNECTOR_DIRECTORY = USUAL_CONNECTOR_DIRECTORIES[0];

export const DIRECTORY_KEYS = {
  connector_files_dirpath: defineKey({
    shape: DIRECTORY,
    default: CONNECTOR_DIRECTORY,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Directory of the connector’s sockets and stored messages. Local programs use the same directory to find the connector.',
  }),
  default_logger_dirpath: defineKey({
    shape: DIRECTORY,
    default: CONNECTOR_DIRECTORY,
    follows: 'connector_files_dirpath',
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Directory of the log file.',
  }),
  default_logger_log_level: defineKey({
    shape: LOG_LEVEL,
    default: 'INFO',
    falsy: 'INFO',
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Lowest level that is logged.',
  }),
  default_logger_rotate: defineKey({
    shape: ROTATION,
    default: true,
    falsy: false,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Rotate the log file at 64 MiB (true), at this size in bytes (a number), or never (false).',
  }),
  default_logger_bk_count: defineKey({
    shape: count({ min: 0, max: 10_000 }),
    default: 5,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Number of rotated log files to keep.',
  }),
  silent: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Log to the file only (true), or to standard output as well (false).',
  }),
  debug_msg_counts: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Log message counts every two minutes.',
  }),
  uds_path_receive_preserve_socket: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Keep the connection to a listener open, instead of opening one for each message.',
  }),
  uds_path_send_preserve_socket: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager', 'api'],
    state: 'works',
    help: 'Keep a program’s connection to the connector open, instead of opening one for each message.',
  }),
  reuse_uds_path_commander_server: defineKey({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    state: 'later',
    instead: 'aioc always replaces a stale socket file, and never one in use',
    help: 'Replace an existing command socket.',
  }),
  reuse_uds_path_send_to_connector: defineKey({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    state: 'later',
    instead: 'aioc always replaces a stale socket file, and never one in use',
    help: 'Replace an existing send socket.',
  }),
  everybody_can_send_messages: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Let programs of the user nobody and the group nogroup send through a connector that runs as root. They can do nothing else, and can send only files that every user may read.',
  }),
  receive_from_any_connector_owner: defineKey({
    shape: BOOLEAN,
    default: true,
    templates: ['api'],
    state: 'works',
    help: 'Let a listener that runs as root receive from connectors of any user, in directories where other users can run one.',
  }),
};
