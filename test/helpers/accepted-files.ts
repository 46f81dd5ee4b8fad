import { realRandomness } from '../../engine/base/real-ports.ts';
import { AcceptedFiles } from '../../engine/local/accepted-files.ts';
import { Spool } from '../../engine/local/spool.ts';

/** For a socket of which no program sends a file of more than a byte. */
export function acceptedFiles(directory = '/nonexistent'): AcceptedFiles {
  const spool = new Spool({ directory, sizeMaxBytes: 1, random: realRandomness() });
  return new AcceptedFiles({ spool, keeps: 'reference' });
}
