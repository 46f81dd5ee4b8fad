/** The keys about what is stored: messages that wait, and files. */
import { key } from './key-spec.ts';
import {
  BOOLEAN_OR_TYPES,
  FILE_DESTINATIONS,
  type FileDestination,
  SIZE_BYTES,
  TYPE_DIRECTORIES,
} from './shapes.ts';

export const STORAGE_KEYS = {
  disk_persistence_send: key({
    shape: BOOLEAN_OR_TYPES,
    default: false,
    templates: ['manager'],
    state: 'later',
    help: 'Which messages to peers that are away are stored on disk: all, none, or those of some types.',
  }),
  disk_persistence_recv: key({
    shape: BOOLEAN_OR_TYPES,
    default: false,
    templates: ['manager'],
    state: 'later',
    help: 'Which messages without a listener are stored on disk: all, none, or those of some types.',
  }),
  max_size_persistence_path: key({
    shape: SIZE_BYTES,
    default: 1_073_741_824,
    templates: ['manager'],
    state: 'later',
    help: 'How many bytes each queue may take on disk.',
  }),
  file_type2dirpath: key({
    shape: TYPE_DIRECTORIES,
    default: new Map<string, string>(),
    templates: ['manager'],
    state: 'works',
    help: 'Where received files are put, by their type; {source_id} and other keys of the message’s header are filled in.',
  }),
  file_recv_config: key({
    shape: FILE_DESTINATIONS,
    default: new Map<string, FileDestination>(),
    templates: ['manager'],
    state: 'works',
    help: 'Where received files are put, by their type, and whether one that is there already is replaced.',
  }),
  max_size_file_upload_send: key({
    shape: SIZE_BYTES,
    default: 8_589_930_194,
    templates: ['manager'],
    state: 'works',
    help: 'The largest file, in bytes, that is sent.',
  }),
  max_size_file_upload_recv: key({
    shape: SIZE_BYTES,
    default: 8_589_930_194,
    templates: ['manager'],
    state: 'works',
    help: 'The largest file, in bytes, that is taken from a peer.',
  }),
  max_size_chunk_upload: key({
    shape: SIZE_BYTES,
    default: 209_715_200,
    templates: ['api'],
    state: 'works',
    help: 'The size in bytes from which on a program sends a file in pieces of that size.',
  }),
};
