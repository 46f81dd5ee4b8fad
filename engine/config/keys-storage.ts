/** The keys about what is stored: messages that wait, and files. */
import { key } from './key-spec.ts';
import {
  BOOLEAN_OR_TYPES,
  DURABILITY,
  FILE_DESTINATIONS,
  type FileDestination,
  PATH,
  SIZE_BYTES,
  TYPE_DIRECTORIES,
  WHEN_FULL,
} from './shapes.ts';

export const STORAGE_KEYS = {
  disk_persistence_send: key({
    shape: BOOLEAN_OR_TYPES,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Which messages to peers are stored on disk until they have arrived: all, none, or those of some types.',
  }),
  disk_persistence_recv: key({
    shape: BOOLEAN_OR_TYPES,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Which messages from peers are stored on disk until their listener has them: all, none, or those of some types.',
  }),
  max_size_persistence_path: key({
    shape: SIZE_BYTES,
    default: 1_073_741_824,
    templates: ['manager'],
    state: 'works',
    help: 'How many bytes of messages each queue may hold on disk.',
  }),
  when_full: key({
    shape: WHEN_FULL,
    default: 'refuse',
    templates: ['manager'],
    state: 'works',
    help: 'What becomes of a message to a peer when its queue is full: it is refused and its program told, or the oldest or the newest is dropped and counted.',
  }),
  durability: key({
    shape: DURABILITY,
    default: 'batch',
    templates: ['manager'],
    state: 'works',
    help: 'When a message counts as stored: once the disk has it, several being written together or each alone, or once the system has it (os), which a power cut undoes.',
  }),
  journal_directory: key({
    shape: PATH,
    default: null,
    templates: ['manager'],
    state: 'works',
    help: 'Where stored messages lie; absent, in connector_files_dirpath, as in Python.',
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
