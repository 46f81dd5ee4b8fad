import { join } from 'node:path';
import { Chat, type ChatOptions } from '../chat/chat.ts';
import { placeInFolder } from '../chat/received-transfers.ts';
import type { DiskSpace } from '../files/disk-space.ts';
import type { ConnectorOptions } from './connector-options.ts';
import { makeFileTargets } from './file-targets.ts';

/** The chat of a connector. */
export function makeChat(
  options: ConnectorOptions,
  space: DiskSpace,
  parts: Pick<ChatOptions, 'folder' | 'log' | 'onChange' | 'keptOf'>,
): Chat {
  const { ports, stateDirectory, displayName: ownName, local, exec } = options;
  const targets = makeFileTargets(options, {
    ...{ space, of: 'chat' },
    placeFor: ({ header }) => placeInFolder(parts.folder, header),
  });
  const temporaryDirectory = join(stateDirectory, 'outgoing');
  return new Chat({
    ...parts,
    ports,
    targets,
    temporaryDirectory,
    ownName,
    ...(local === undefined && exec !== undefined && { exec }),
  });
}
